// What parameters decide of charts: runs in one colour by what they share, each drawn alone or as a mean with its band; their dash; a chart for each value.

import type { App } from "./app";
import { bandOf } from "./chart/bands";
import { hexOf, paletteOf, toneChannels } from "./chart/colours";
import type { Curve } from "./chart/curves";
import type { Held } from "./curve_data";
import { exprLabel, literal, metricName, paramExpr, value } from "./format";
import type { ColumnsAnswer, Fields, ParamField, Value } from "./types";

/** Stands for all parameters in which the shown runs differ: what is left are seeds. Before an expression: all but that one. */
export const ALL_PARAMETERS = "*";

const SLOTS = 12;
// Runs are asked for by their ids up to so many; more by the query.
const MOST_NAMED = 400;
// So many charts of one metric.
const MOST_CHARTS = 24;

/** Dashes of a parameter's values, and how a line of text shows them. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
export const DASH_SIGNS = ["──", "╌╌", "┈┈", "─ ·"];

/** Runs by a value that they share. */
export interface Split {
  /** What a run's value is called. */
  of: Map<string, string>;
  /** In the order of the values. */
  names: string[];
}

export interface Groups extends Split {
  /** Of each: a slot, or viridis where numbers are more than there are slots. */
  colours: (number | string)[];
}

/** What the address says of how runs are told apart; null where a run has its own colour, dash and place. */
export interface Arrangement {
  colours: Groups | null;
  dashes: Split | null;
  charts: Split | null;
}

/** A condition that holds for these runs, as long as they are few; else the page's query. */
export function conditionOf(app: App, runs: string[]): string {
  return runs.length && runs.length <= MOST_NAMED ? runs.map((id) => `id == ${literal(id)}`).join(" or ") : app.state.get("q");
}

/** The parameters that a choice means. */
export function exprsOf(choice: string, params: ParamField[]): string[] {
  if (!choice.startsWith(ALL_PARAMETERS)) return [choice];
  const but = choice.slice(ALL_PARAMETERS.length) || paramExpr("seed");
  return params.filter((param) => param.distinct > 1).map((param) => paramExpr(param.name)).filter((expr) => expr !== but);
}

interface Valued extends Split {
  /** The first value of each name. */
  keys: Value[];
}

async function splitBy(app: App, fields: Fields, runs: string[], choice: string): Promise<Valued | null> {
  const exprs = choice ? exprsOf(choice, fields.params) : [];
  if (!exprs.length || !runs.length) return null;
  const answer = await app.source.get<ColumnsAnswer>("columns", { query: conditionOf(app, runs), archived: true, columns: exprs.join(",") });
  return splitOf(exprs.map(exprLabel), answer, new Set(runs));
}

export function splitOf(labels: string[], answer: ColumnsAnswer, shown: Set<string>): Valued {
  const of = new Map<string, string>();
  const keys = new Map<string, Value>();
  answer.ids.forEach((id, i) => {
    if (!shown.has(id)) return;
    const values = answer.columns.map((column) => column.values[i]);
    const name = labels.map((label, k) => `${label} ${value(values[k], answer.columns[k].kind) || "none"}`).join(", ");
    of.set(id, name);
    keys.set(name, values[0]);
  });
  const names = [...keys.keys()].sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    return typeof x === "number" && typeof y === "number" ? x - y : a < b ? -1 : 1;
  });
  return { of, names, keys: names.map((name) => keys.get(name) as Value) };
}

function coloured(split: Valued): Groups {
  const { of, names, keys } = split;
  const palette = paletteOf(document.body);
  const many = names.length > SLOTS && keys.every((key) => typeof key === "number");
  return { of, names, colours: names.map((_, i) => (many ? hexOf(toneChannels(i / (names.length - 1), palette)) : i % SLOTS)) };
}

export async function arrangementOf(app: App, fields: Fields, runs: string[]): Promise<Arrangement> {
  const [colours, dashes, charts] = await Promise.all(["by", "dash", "each"].map((name) => splitBy(app, fields, runs, app.state.get(name))));
  return { colours: colours && coloured(colours), dashes, charts: charts && { ...charts, names: charts.names.slice(0, MOST_CHARTS) } };
}

/** The dash of a run's value. */
export function dashBy(dashes: Split, run: string): readonly number[] {
  return DASHES[Math.max(0, dashes.names.indexOf(dashes.of.get(run) ?? "")) % DASHES.length];
}

/** The curves of a chart in groups: each part's runs of a group and dash as one mean with a band, or each run in its group's colour. */
export function grouped(curves: Curve[], held: Held[], groups: Groups, dashes: Split | null, mean: string, band: "sd" | "minmax"): Curve[] {
  const colourOf = (name: string): number | string => groups.colours[groups.names.indexOf(name)];
  if (mean !== "mean" && mean !== "median") {
    return curves.flatMap((curve) => {
      const name = groups.of.get(curve.run);
      return name === undefined ? [] : [{ ...curve, colour: colourOf(name), label: `${curve.label} (${name})` }];
    });
  }
  const sets = new Map<string, { name: string; words: string[]; curves: Curve[] }>();
  curves.forEach((curve, i) => {
    const name = groups.of.get(curve.run);
    if (name === undefined) return;
    const part = held[i].part;
    const dash = dashes?.of.get(curve.run) ?? "";
    const key = `${name}\n${dash}\n${metricName(part.name, part.context)}`;
    const set = sets.get(key) ?? { name, words: [name, dash, part.split], curves: [] };
    set.curves.push(curve);
    sets.set(key, set);
  });
  return [...sets].map(([key, { name, words, curves: members }]) => {
    const { x, y, low, high, n, interpolated } = bandOf(members.map((curve) => (curve.raw ? { x: curve.x, y: curve.y } : { x: curve.x, y: curve.y, low: curve.low, high: curve.high })), mean, band);
    return { id: key, run: "", label: [...new Set(words)].filter(Boolean).join(" · "), colour: colourOf(name), dash: members[0].dash, x, y, low, high, n, interpolated, marks: [] };
  });
}
