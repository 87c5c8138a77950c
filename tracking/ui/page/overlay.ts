// Metrics that are laid over those of a chart: which ones the address says, and their choice.

import type { App } from "./app";
import { plural } from "./chart/text";
import { append, clear, h, popover } from "./dom";
import { metricName } from "./format";
import { matcher, type ChartSpec, type Part } from "./metrics";
import type { MetricField } from "./types";

const MOST = 200;

const nameOf = (metric: Pick<Part, "name" | "context">): string => metricName(metric.name, metric.context);

/** Names of the metrics that lie over a chart. */
export function overlaidOn(over: string[], key: string): string[] {
  return over.filter((each) => each.startsWith(`${key}=`)).map((each) => each.slice(key.length + 1));
}

/** The chart with what lies over it; each of its parts then has a name of its own. */
export function withOverlaid(spec: ChartSpec, over: string[], metrics: MetricField[]): ChartSpec {
  const own = new Set(spec.parts.map(nameOf));
  const names = overlaidOn(over, spec.key);
  const added = metrics.filter((metric) => names.includes(nameOf(metric)) && !own.has(nameOf(metric)));
  if (!added.length) return spec;
  const parts = spec.parts.map((part) => ({ ...part, split: part.split || nameOf(part) }));
  return { ...spec, parts: [...parts, ...added.map((metric) => ({ name: metric.name, context: metric.context, split: nameOf(metric) }))] };
}

/** The list of metrics that may lie over a chart, each to be ticked. */
export function chooseOverlaid(app: App, anchor: Element, spec: ChartSpec, metrics: MetricField[]): void {
  const { key } = spec;
  const own = spec.parts.map(nameOf);
  const before = overlaidOn(app.state.list("over"), key);
  const names = metrics.map(nameOf).filter((name) => before.includes(name) || !own.includes(name));
  const list = h("div", { class: "choice-list" });
  const search = h("input", { type: "search", placeholder: "A name, or a pattern such as val/*", "aria-label": "Metrics by name", oninput: () => show() });
  const row = (name: string): HTMLElement => {
    const entry = `${key}=${name}`;
    const box = h("input", {
      type: "checkbox", "aria-label": name, onchange: () => {
        const others = app.state.list("over").filter((each) => each !== entry);
        app.state.set({ over: box.checked ? [...others, entry] : others });
      },
    });
    box.checked = app.state.list("over").includes(entry);
    return h("label", {}, box, name);
  };
  const show = (): void => {
    const found = names.filter(matcher(search.value)).sort((a, b) => Number(before.includes(b)) - Number(before.includes(a)));
    clear(list, ...found.slice(0, MOST).map(row));
    if (found.length > MOST) append(list, h("p", { class: "muted" }, `${found.length - MOST} more; write a part of the name`));
    if (!found.length) append(list, h("p", { class: "muted" }, names.length ? `None of ${plural(names.length, "metric")} is called like that.` : "There is no other metric."));
  };
  show();
  popover(anchor, h("div", { class: "card columns-card" }, search, list), `Metrics over ${spec.title}`);
}
