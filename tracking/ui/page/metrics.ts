// Which metrics share a chart, and under which heading a chart stands.

import { metricName } from "./format";
import type { Context, MetricField } from "./types";

export interface Part {
  name: string;
  context: Context;
  /** "train", "val", "test" or what the context says; empty where the metric stands alone. */
  split: string;
}

export interface ChartSpec {
  key: string;
  title: string;
  section: string;
  parts: Part[];
  /** The value of a parameter whose runs alone are in this chart. */
  only?: string;
}

/** Each chart once for each of these values. */
export function chartEach(specs: ChartSpec[], values: string[]): ChartSpec[] {
  return specs.flatMap((spec) => values.map((only) => ({ ...spec, title: `${spec.title} · ${only}`, only })));
}

const SPLITS: { [prefix: string]: string } = { train: "train", training: "train", val: "val", valid: "val", validation: "val", dev: "val", eval: "eval", test: "test" };
const ORDER = ["train", "val", "eval", "test"];
export const TOGETHER = "Training and validation";
const PLAIN = "Metrics";

/** train/loss and val/loss are loss; a context, such as subset=val, tells parts of one chart apart. */
function split(metric: MetricField): { base: string; split: string } {
  const slash = metric.name.indexOf("/");
  const prefix = slash > 0 ? SPLITS[metric.name.slice(0, slash)] : undefined;
  const context = Object.keys(metric.context).sort().map((key) => `${key}=${metric.context[key]}`).join(", ");
  if (prefix) return { base: metric.name.slice(slash + 1), split: [prefix, context].filter(Boolean).join(" ") };
  return { base: metric.name, split: context };
}

/** The charts of these metrics; with `together`, training and validation of one name share one. */
export function chartsOf(metrics: MetricField[], together: boolean): ChartSpec[] {
  const charts = new Map<string, ChartSpec>();
  for (const metric of metrics) {
    const { base, split: part } = split(metric);
    const slash = metric.name.indexOf("/");
    const joined = together && part !== "";
    const prefixed = SPLITS[metric.name.slice(0, metric.name.indexOf("/"))] !== undefined;
    const key = joined ? base : metricName(metric.name, metric.context);
    const section = prefixed ? TOGETHER : slash > 0 ? metric.name.slice(0, slash) : PLAIN;
    const title = joined ? base : slash > 0 && !prefixed ? metricName(metric.name, metric.context).slice(slash + 1) : metricName(metric.name, metric.context);
    const chart = charts.get(`${section}\n${key}`) ?? { key, title, section, parts: [] };
    chart.parts.push({ name: metric.name, context: metric.context, split: joined ? part : "" });
    charts.set(`${section}\n${key}`, chart);
  }
  for (const chart of charts.values()) {
    chart.parts.sort((a, b) => rank(a.split) - rank(b.split) || (a.split < b.split ? -1 : 1));
    if (chart.parts.length === 1 && chart.section === TOGETHER) chart.title = chart.parts[0].name;
  }
  return [...charts.values()].sort((a, b) => place(a.section) - place(b.section) || (a.section === b.section ? (Number(!a.title.includes("loss")) - Number(!b.title.includes("loss")) || (a.title < b.title ? -1 : 1)) : a.section < b.section ? -1 : 1));
}

function rank(part: string): number {
  const at = ORDER.indexOf(part.split(" ")[0]);
  return at < 0 ? ORDER.length : at;
}

/** The machine's own metrics come last. */
function place(section: string): number {
  return section === TOGETHER ? 0 : section === PLAIN ? 1 : /^(system|resource|machine|process)/.test(section) ? 3 : 2;
}

/** A shell pattern (`*`, `?`) over whole names, or a part of a name where there is none. */
export function matcher(pattern: string): (name: string) => boolean {
  const trimmed = pattern.trim().toLowerCase();
  if (!trimmed) return () => true;
  if (!/[*?]/.test(trimmed)) return (name) => name.toLowerCase().includes(trimmed);
  const text = trimmed.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const expression = new RegExp(`^${text}$`, "i");
  return (name) => expression.test(name);
}
