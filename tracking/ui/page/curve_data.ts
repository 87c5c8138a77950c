// Series of the server as curves of a chart.

import type { App } from "./app";
import type { Curve, CurvesData, Mark } from "./chart/curves";
import { plural } from "./chart/text";
import { metricName, toNumbers } from "./format";
import { dashBy, DASH_SIGNS, DASHES, grouped, type Arrangement } from "./grouping";
import type { ChartSpec, Part } from "./metrics";
import type { Marks, Series } from "./types";

export interface Look {
  x: string;
  smooth: number;
  logX: boolean;
  logY: boolean;
  outliers: boolean;
}

const XLABEL: { [x: string]: string } = { step: "step", epoch: "epoch", time: "time since start", wall: "time" };

/** How all charts of this address look. */
export function lookOf(app: App, key: string): Look {
  const state = app.state;
  return { x: state.get("x") || "step", smooth: Number(state.get("smooth")) || 0, logX: state.flag("lx"), logY: state.get("ly") === "*" || state.list("ly").includes(key), outliers: state.flag("outliers") };
}

/** The range of y that the address holds a metric's charts to. */
export function lockedY(locks: string[], key: string): [number, number] | null {
  const lock = locks.find((each) => each.startsWith(`${key}=`));
  const ends = lock?.slice(key.length + 1).split(":").map(Number) ?? [];
  return ends.length === 2 && ends[0] < ends[1] ? [ends[0], ends[1]] : null;
}

/** An end of a range, with as many digits as tell it from the other one. */
function endText(end: number, [low, high]: readonly [number, number]): string {
  const digits = 6 + Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low)));
  return String(Number(end.toPrecision(Math.min(17, Math.max(6, digits)))));
}

/** The locks with this one, or without any for the metric. */
export function withLock(locks: string[], key: string, range: readonly [number, number] | null): string[] {
  const others = locks.filter((each) => !each.startsWith(`${key}=`));
  return range ? [...others, `${key}=${range.map((end) => endText(end, range)).join(":")}`] : others;
}

function partOf(spec: ChartSpec, series: Series): Part | undefined {
  const name = metricName(series.metric, series.context);
  return spec.parts.find((part) => metricName(part.name, part.context) === name);
}

export interface Held {
  run: string;
  part: Part;
  series: Series;
  x: Float64Array;
  y: Float64Array;
  smooth: Float64Array | null;
}

export function hold(spec: ChartSpec, series: Series[]): Held[] {
  const held: Held[] = [];
  for (const each of series) {
    const part = partOf(spec, each);
    if (part) held.push({ run: each.run, part, series: each, x: toNumbers(each.x), y: toNumbers(each.y), smooth: each.smooth ? toNumbers(each.smooth) : null });
  }
  return held;
}

/** What is drawn of a curve at the nearest of its points, where the curve reaches so far; NaN beyond its ends. */
export function valueAt(held: Held, x: number): number {
  const xs = held.x;
  if (!xs.length || x < xs[0] || x > xs[xs.length - 1]) return NaN;
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const at = x - xs[low] <= xs[high] - x ? low : high;
  return held.smooth ? held.smooth[at] : held.y[at];
}

function marksOf(marks: Marks | undefined, last: number): Mark[] {
  if (!marks) return [];
  return [
    ...marks.checkpoints.map((each) => ({ x: each.step, kind: "checkpoint" as const })),
    ...marks.resumes.map((each) => ({ x: each.step, kind: "resume" as const })),
    ...(marks.fork ? [{ x: marks.fork.step, kind: "fork" as const }] : []),
    ...(marks.verified.some((each) => each.verified) ? [{ x: last, kind: "verified" as const }] : []),
  ];
}

function curveOf(app: App, each: Held, look: Look, marks?: Marks): Curve {
  const series = each.series;
  const edges = { low: series.low && toNumbers(series.low), high: series.high && toNumbers(series.high), nan: series.nan_at, above: series.above_at, below: series.below_at };
  return {
    id: `${each.run} ${metricName(each.part.name, each.part.context)}`, run: each.run, label: app.name(each.run), colour: app.slots.of(each.run), x: each.x, y: each.smooth ?? each.y,
    ...(each.smooth ? { raw: { x: each.x, y: each.y, ...edges } } : edges),
    sampled: series.sampled, marks: look.x === "step" ? marksOf(marks, series.last_step) : [],
  };
}

/** The list of runs is the legend of colours; what dashes mean is said beside the title. */
function partsText(spec: ChartSpec, splits: string[]): string | undefined {
  if (splits.length > DASHES.length) return plural(splits.length, "series", "series");
  return splits.length > 1 ? splits.map((part, i) => `${part || spec.parts[0].name} ${DASH_SIGNS[i]}`).join("   ") : undefined;
}

/** Dashes are a parameter's if one was chosen; else they tell the parts of a chart that has several; else the run's slot has its dash. */
export function curvesData(app: App, spec: ChartSpec, held: Held[], look: Look, { colours, dashes }: Arrangement, marks: ReadonlyMap<string, Marks>): CurvesData {
  const splits = [...new Set(spec.parts.map((part) => part.split))];
  const several = splits.length > 1;
  const alone = held.map((each): Curve => {
    const curve = curveOf(app, each, look, marks.get(each.run));
    if (several) curve.label += ` · ${each.part.split || each.part.name}`;
    if (dashes) curve.dash = dashBy(dashes, each.run);
    else if (several) curve.dash = DASHES[splits.indexOf(each.part.split) % DASHES.length];
    return curve;
  });
  const mean = app.state.get("mean");
  const band = app.state.get("band") === "minmax" ? "minmax" : "sd";
  const xKind = look.x === "time" ? "time" : look.x === "wall" ? "wall" : look.x === "step" ? "step" : "number";
  return {
    title: spec.title, unit: dashes ? undefined : partsText(spec, splits), xLabel: XLABEL[look.x] ?? look.x.replace(/^metric:/, ""), xKind, log: { x: look.logX, y: look.logY }, band: colours && mean ? band : "none",
    curves: colours ? grouped(alone, held, colours, dashes, mean, band) : alone, hideOutliers: look.outliers,
  };
}
