// Runs in one colour by what they share: a parameter's value, or all parameters but the seed; each drawn alone, or as a mean with its band.

import type { App } from "./app";
import { bandOf } from "./chart/bands";
import { hexOf, paletteOf, toneChannels } from "./chart/colours";
import type { Curve } from "./chart/curves";
import type { Held } from "./curve_data";
import { exprLabel, metricName, paramExpr, value } from "./format";
import type { ColumnsAnswer, Fields, Value } from "./types";

/** Stands for all parameters in which the shown runs differ: what is left are seeds. */
export const ALL_PARAMETERS = "*";

const SLOTS = 12;

export interface Groups {
  /** What a run's group is called; without one it isn't drawn in a group. */
  of: Map<string, string>;
  /** Groups in the order of their values. */
  names: string[];
  /** Of each group: a slot, or viridis where numbers are more than there are slots. */
  colours: (number | string)[];
}

export async function groupsOf(app: App, fields: Fields, runs: string[]): Promise<Groups | null> {
  const by = app.state.get("by");
  if (!by) return null;
  const exprs = by === ALL_PARAMETERS ? fields.params.filter((param) => param.distinct > 1 && param.name !== "seed").map((param) => paramExpr(param.name)) : [by];
  if (!exprs.length) return null;
  const shown = new Set(runs);
  const answer = await app.source.get<ColumnsAnswer>("columns", { query: app.state.get("q"), archived: app.state.flag("archived"), columns: exprs.join(",") });
  const of = new Map<string, string>();
  const keys = new Map<string, Value>();
  answer.ids.forEach((id, i) => {
    if (!shown.has(id)) return;
    const values = answer.columns.map((column) => column.values[i]);
    const name = exprs.map((expr, k) => `${exprLabel(expr)} ${value(values[k], answer.columns[k].kind) || "none"}`).join(", ");
    of.set(id, name);
    keys.set(name, values[0]);
  });
  const names = [...keys.keys()].sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    return typeof x === "number" && typeof y === "number" ? x - y : a < b ? -1 : 1;
  });
  const palette = paletteOf(document.body);
  const many = names.length > SLOTS && names.every((name) => typeof keys.get(name) === "number");
  return { of, names, colours: names.map((_, i) => (many ? hexOf(toneChannels(i / (names.length - 1), palette)) : i % SLOTS)) };
}

/** The curves of a chart in groups: each part's runs of a group as one mean with a band, or each run in its group's colour. */
export function grouped(curves: Curve[], held: Held[], groups: Groups, mean: string, band: "sd" | "minmax"): Curve[] {
  const result: Curve[] = [];
  if (mean !== "mean" && mean !== "median") {
    for (const curve of curves) {
      const name = groups.of.get(curve.run);
      if (name !== undefined) result.push({ ...curve, colour: groups.colours[groups.names.indexOf(name)], label: `${curve.label} (${name})` });
    }
    return result;
  }
  const sets = new Map<string, { name: string; part: string; curves: Curve[] }>();
  curves.forEach((curve, i) => {
    const name = groups.of.get(curve.run);
    if (name === undefined) return;
    const part = metricName(held[i].part.name, held[i].part.context);
    const key = `${name}\n${part}`;
    const set = sets.get(key) ?? { name, part: held[i].part.split, curves: [] };
    set.curves.push(curve);
    sets.set(key, set);
  });
  for (const [key, set] of sets) {
    const members = set.curves.map((curve) => (curve.raw ? { x: curve.x, y: curve.y } : { x: curve.x, y: curve.y, low: curve.low, high: curve.high }));
    const { x, y, low, high, n, interpolated } = bandOf(members, mean, band);
    result.push({ id: key, run: "", label: [set.name, set.part].filter(Boolean).join(" · "), colour: groups.colours[groups.names.indexOf(set.name)], dash: set.curves[0].dash, x, y, low, high, n, interpolated, marks: [] });
  }
  return result;
}
