// The mean or median of several runs' curves, with a band and the number of runs, which falls where runs end.
import type { Series } from "./decimate";
import { upperBound } from "./decimate";

export interface Band {
  x: Float64Array;
  y: Float64Array;
  low: Float64Array;
  high: Float64Array;
  n: Float64Array;
  /** Did some curve have no point of its own at some x within its length? Its value there lies straight between its neighbours. */
  interpolated: boolean;
}

/** All x of all curves, each once, ascending. */
function unionOf(curves: readonly Series[]): Float64Array {
  const total = curves.reduce((sum, { x }) => sum + x.length, 0);
  const all = new Float64Array(total);
  let size = 0;
  for (const { x } of curves) for (let i = 0; i < x.length; ++i) if (!Number.isNaN(x[i])) all[size++] = x[i]!;
  const sorted = all.subarray(0, size).sort();
  let kept = 0;
  for (let i = 0; i < size; ++i) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i]!;
  return sorted.slice(0, kept);
}

interface Value {
  y: number;
  low: number;
  high: number;
  own: boolean;
}

/** A walk along an ascending curve, asked for its value at ever greater x. */
class Walk {
  private next = 0;

  constructor(private readonly series: Series) {}

  /** Null before the first and after the last point, and beside what is not finite. */
  at(x: number): Value | null {
    const { x: xs, y, low, high } = this.series;
    // Of points with equal x the last holds.
    while (this.next < xs.length && xs[this.next]! <= x) ++this.next;
    const before = this.next - 1;
    if (before < 0) return null;
    if (xs[before] === x) return finite({ y: y[before]!, low: low?.[before] ?? y[before]!, high: high?.[before] ?? y[before]!, own: true });
    if (this.next === xs.length) return null;
    const part = (x - xs[before]!) / (xs[this.next]! - xs[before]!);
    const between = (of: ArrayLike<number>): number => of[before]! + (of[this.next]! - of[before]!) * part;
    return finite({ y: between(y), low: between(low ?? y), high: between(high ?? y), own: false });
  }
}

function finite(value: Value): Value | null {
  return value.y - value.y === 0 ? value : null;
}

function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const v of values) sum += v;
  return sum / values.length;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The sample's deviation, with N − 1; of one value 0. */
function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  let sum = 0;
  for (const v of values) sum += (v - mean) * (v - mean);
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * The middle of curves with ascending x at every x that one of them has. Where all have the same x that is exact; else curves are
 * straight between their points, which `interpolated` says. No curve is drawn out beyond its ends, and values that are
 * not finite don't count: n says how many do.
 */
export function bandOf(curves: readonly Series[], middle: "mean" | "median", band: "sd" | "minmax"): Band {
  const x = unionOf(curves);
  const walks = curves.map((curve) => new Walk(curve));
  const make = (): Float64Array => new Float64Array(x.length).fill(NaN);
  const result: Band = { x, y: make(), low: make(), high: make(), n: make(), interpolated: false };
  for (let i = 0; i < x.length; ++i) {
    const values: Value[] = [];
    for (const walk of walks) {
      const value = walk.at(x[i]!);
      if (value) values.push(value);
      if (value && !value.own) result.interpolated = true;
    }
    fill(result, i, values, middle, band);
  }
  return result;
}

function fill(result: Band, i: number, values: readonly Value[], middle: "mean" | "median", band: "sd" | "minmax"): void {
  result.n[i] = values.length;
  if (values.length === 0) return;
  const ys = values.map((v) => v.y);
  const y = middle === "mean" ? meanOf(ys) : medianOf(ys);
  const deviation = band === "sd" ? deviationOf(ys) : 0;
  result.y[i] = y;
  result.low[i] = band === "sd" ? y - deviation : Math.min(...values.map((v) => Math.min(v.low, v.y)));
  result.high[i] = band === "sd" ? y + deviation : Math.max(...values.map((v) => Math.max(v.high, v.y)));
}

/** Joins two curves of one run by step: y of the second over y of the first, at the steps that both have; `sampled` says that some had no partner. */
export function joinBySteps(over: Series, of: Series): { x: Float64Array; y: Float64Array; sampled: boolean } {
  const x: number[] = [], y: number[] = [];
  for (let i = 0; i < of.x.length; ++i) {
    const partner = upperBound(over.x, of.x[i]!) - 1;
    if (partner < 0 || over.x[partner] !== of.x[i]) continue;
    x.push(over.y[partner]!);
    y.push(of.y[i]!);
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y), sampled: x.length < Math.max(of.x.length, over.x.length) };
}
