// What a chart of curves is given, and what it works out of that once.
import type { AxisKind } from "./axis";
import { padded } from "./axis";
import type { Series, Extent } from "./decimate";
import { isAscending, lowerBound, Range, upperBound } from "./decimate";
import { plural } from "./text";

export type MarkKind = "checkpoint" | "resume" | "fork" | "verified";

export interface Mark {
  x: number;
  kind: MarkKind;
}

export interface Curve extends Series {
  id: string;
  run: string;
  label: string;
  /** A slot of the twelve colours and three dashes, or a colour of CSS. */
  colour: number | string;
  /** Overrides the slot's. */
  dash?: readonly number[];
  /** What the curve was smoothed from, drawn behind it. */
  raw?: Series;
  /** How many runs each point is the mean of: low and high are then its band. */
  n?: ArrayLike<number>;
  marks?: readonly Mark[];
  /** Some of its values lie between points that were logged; said on the chart. */
  interpolated?: boolean;
  /** Some of its points had no partner on the other axis, and are left out; said on the chart. */
  sampled?: boolean;
}

export interface CurvesData {
  title: string;
  unit?: string;
  xLabel: string;
  xKind: AxisKind;
  log: { x: boolean; y: boolean };
  band: "sd" | "minmax" | "none";
  curves: readonly Curve[];
  hideOutliers: boolean;
  /** What else the reader must know. */
  notes?: readonly string[];
}

/** Curves by their number: how they are drawn follows from that. */
export const WIDE_UP_TO = 20, COLUMNS_UP_TO = 50, CURVES_UP_TO = 200, MARKS_UP_TO = 12;

export interface View {
  x: [number, number];
  y: [number, number];
  log: { x: boolean; y: boolean };
  notes: string[];
  /** No finite value in view. */
  empty: boolean;
}

/** Which of a curve's x ascend: the others are searched from end to end. */
export class Ascending {
  private readonly known = new WeakMap<object, boolean>();

  of(x: ArrayLike<number>): boolean {
    let ascending = this.known.get(x);
    if (ascending === undefined) this.known.set(x, (ascending = isAscending(x)));
    return ascending;
  }
}

/** Is the curve a mean over runs, with a band? */
export function isBand(curve: Curve, data: CurvesData): boolean {
  return data.band !== "none" && curve.n !== undefined && curve.low !== undefined && curve.high !== undefined;
}

function seriesOf(curve: Curve): Series[] {
  return curve.raw ? [curve.raw, curve] : [curve];
}

/** The range of all x, and how many of them a logarithmic axis can't show. */
function xExtent(curves: readonly Curve[], positive: boolean): Extent {
  const range = new Range();
  for (const { x } of curves) range.add(x, [0, x.length]);
  return range.all(positive);
}

/** Indices of the points that are in view, without the neighbours that lines lead to. */
function inView(x: ArrayLike<number>, low: number, high: number, ascending: boolean): [number, number] {
  return ascending ? [lowerBound(x, low), upperBound(x, high)] : [0, x.length];
}

function yRange(data: CurvesData, x: readonly [number, number], ascending: Ascending): Range {
  const range = new Range();
  for (const curve of data.curves) {
    for (const series of seriesOf(curve)) {
      const indices = inView(series.x, x[0], x[1], ascending.of(series.x));
      range.add(series.y, indices);
      if (series.low) range.add(series.low, indices);
      if (series.high) range.add(series.high, indices);
    }
  }
  return range;
}

/** How many points in view leave the range, themselves or by an extreme of what they stand for; behind a smoothed curve, those that were logged. */
function pointsOutside(data: CurvesData, x: readonly [number, number], [low, high]: readonly [number, number], ascending: Ascending): number {
  const leaves = (value: number | undefined): boolean => value !== undefined && value - value === 0 && (value < low || value > high);
  let count = 0;
  for (const curve of data.curves) {
    const series = curve.raw ?? curve;
    const [begin, end] = inView(series.x, x[0], x[1], ascending.of(series.x));
    for (let i = begin; i < end; ++i) if (leaves(series.y[i]) || leaves(series.low?.[i]) || leaves(series.high?.[i])) ++count;
  }
  return count;
}

/** The range of x that is shown, all or the zoom, and whether logarithmically. */
export function xOf(data: CurvesData, zoom: readonly [number, number] | null): { x: [number, number]; log: boolean; notes: string[] } {
  const notes: string[] = [];
  const xs = xExtent(data.curves, data.log.x);
  const log = data.log.x && xs.low < Infinity && xs.high > 0;
  if (log && xs.notPositive > 0) notes.push(`x ≤ 0 not on the log axis`);
  if (data.log.x && !log && data.curves.length > 0) notes.push("x not logarithmic: no value above 0");
  const whole: [number, number] = xs.low <= xs.high ? [xs.low, xs.high] : log ? [1, 10] : [0, 1];
  const x: [number, number] = zoom ? [log ? Math.max(zoom[0], xs.low) : zoom[0], zoom[1]] : whole;
  return { x: x[1] > x[0] ? x : padded(x[0], x[0], log), log, notes };
}

/** What is shown: of x all or the zoom, of y what lies in that, without outliers if they are hidden, or the locked range. */
export function viewOf(data: CurvesData, zoom: readonly [number, number] | null, locked: readonly [number, number] | null, ascending: Ascending): View {
  const { x, log: logX, notes: ofX } = xOf(data, zoom);
  const notes = [...(data.notes ?? []), ...ofX];
  for (const word of ["interpolated", "sampled"] as const) if (data.curves.some((curve) => curve[word])) notes.push(word);
  const range = yRange(data, x, ascending);
  const all = range.all();
  // A band of a deviation may go below zero where its mean doesn't: what an axis needs is positive means.
  const logY = data.log.y && all.low > 0;
  if (data.log.y && all.low <= 0) notes.push(`y not logarithmic: ${plural(all.notPositive, "value")} ≤ 0`);
  const shown = data.hideOutliers && !locked ? range.withoutOutliers(logY) : all;
  if (shown.hidden > 0) notes.push(`${plural(shown.hidden, "outlier")} hidden`);
  const beyond = locked ? pointsOutside(data, x, locked, ascending) : 0;
  if (beyond > 0) notes.push(`${plural(beyond, "point")} outside`);
  if (locked && logY && locked[0] <= 0) notes.push("y not logarithmic: locked from 0 or below");
  const y: [number, number] = locked ? [locked[0], locked[1]] : padded(shown.low, shown.high, logY);
  return { x, y, log: { x: logX, y: logY && y[0] > 0 }, notes, empty: !(all.low <= all.high) };
}
