// From curves of any length to as many corners as pixels show, so that no extreme is lost.
import type { Scale } from "./axis";

/** Points of a curve in the order of time; low and high are the extremes of the bucket that a point stands for. */
export interface Series {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  low?: ArrayLike<number>;
  high?: ArrayLike<number>;
  /** Indices of buckets that hold NaN, infinity and minus infinity beside what y is the mean of. */
  nan?: ArrayLike<number>;
  above?: ArrayLike<number>;
  below?: ArrayLike<number>;
}

export interface Polyline {
  /** x0, y0, x1, y1, …; NaN where the curve is broken. */
  points: Float32Array;
  /** Points with no neighbour to draw a line to. */
  single: number[];
}

/** The first index whose x is no less; of an ascending x. */
export function lowerBound(x: ArrayLike<number>, value: number): number {
  let low = 0, high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first index whose x is greater; of an ascending x. */
export function upperBound(x: ArrayLike<number>, value: number): number {
  let low = 0, high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the x that is nearest, -1 where there is none; of an ascending x. */
export function nearestIndex(x: ArrayLike<number>, value: number): number {
  const after = lowerBound(x, value);
  if (after === 0) return x.length > 0 ? 0 : -1;
  if (after === x.length) return after - 1;
  return value - x[after - 1]! <= x[after]! - value ? after - 1 : after;
}

/** Does x never fall? Curves over another metric may turn back. */
export function isAscending(x: ArrayLike<number>): boolean {
  for (let i = 1; i < x.length; ++i) {
    if (!(x[i]! >= x[i - 1]!)) return false;
  }
  return true;
}

/** Indices whose points show in [low, high], with a neighbour each side, to which lines lead out of the picture. */
export function visibleRange(x: ArrayLike<number>, low: number, high: number, ascending: boolean): [number, number] {
  if (!ascending) return [0, x.length];
  return [Math.max(0, lowerBound(x, low) - 1), Math.min(x.length, upperBound(x, high) + 1)];
}

/** Corners in an array that grows. */
class Corners {
  private points = new Float32Array(512);
  private size = 0;

  add(x: number, y: number): void {
    if (this.size + 2 > this.points.length) {
      const larger = new Float32Array(2 * this.points.length);
      larger.set(this.points);
      this.points = larger;
    }
    this.points[this.size++] = x;
    this.points[this.size++] = y;
  }

  done(): Float32Array {
    return this.points.slice(0, this.size);
  }
}

/** What falls into one column of pixels. Pixels grow downwards: top is the least. */
class Column {
  index = NaN;
  count = 0;
  private x = 0;
  private lastX = 0;
  private first = 0;
  private last = 0;
  private top = 0;
  private bottom = 0;
  private topAt = 0;
  private bottomAt = 0;

  start(index: number, x: number, y: number, high: number, low: number): void {
    this.index = index;
    this.count = 1;
    this.x = this.lastX = x;
    this.first = this.last = y;
    this.top = high;
    this.bottom = low;
    this.topAt = this.bottomAt = 0;
  }

  add(x: number, y: number, high: number, low: number): void {
    if (high < this.top) {
      this.top = high;
      this.topAt = this.count;
    }
    if (low > this.bottom) {
      this.bottom = low;
      this.bottomAt = this.count;
    }
    this.last = y;
    this.lastX = x;
    ++this.count;
  }

  /** First, extremes in their order, last; or the extremes alone. */
  flush(corners: Corners, pairs: boolean): void {
    if (this.count === 0) return;
    // Of one bucket nobody knows which extreme came first: the nearer one makes the shorter way.
    const topFirst = this.topAt === this.bottomAt ? Math.abs(this.top - this.first) < Math.abs(this.bottom - this.first) : this.topAt < this.bottomAt;
    const middle = this.count === 1 ? this.x : (this.x + this.lastX) / 2;
    // What lies within a column and a fraction of a pixel is a point: a smooth curve has one a column.
    if (this.count > 1 && this.bottom - this.top < FLAT) {
      corners.add(middle, (this.top + this.bottom) / 2);
      this.count = 0;
      return;
    }
    if (!pairs) corners.add(this.x, this.first);
    if (this.top !== this.bottom) {
      corners.add(middle, topFirst ? this.top : this.bottom);
      corners.add(middle, topFirst ? this.bottom : this.top);
    } else if (pairs) {
      corners.add(middle, this.top);
    }
    if (!pairs && (this.count > 1 || this.top !== this.bottom)) corners.add(this.lastX, this.last);
    this.count = 0;
  }
}

const FLAT = 0.4;

/** Far outside of any picture, where an infinite extreme goes: canvases take no infinity. */
const FAR = 1e5;

/**
 * A curve in pixels, each column of so many pixels with its first, lowest, highest and last point; with pairs, with
 * its extremes alone. What is not finite breaks the line, and so does what a logarithmic axis can't show.
 */
export function polyline(series: Series, range: readonly [number, number], sx: Scale, sy: Scale, column: number, pairs = false): Polyline {
  const { x, y, low, high } = series;
  const corners = new Corners();
  const single: number[] = [];
  const current = new Column();
  let run = 0, lastX = 0, lastY = 0, broken = false;
  const endRun = (): void => {
    current.flush(corners, pairs);
    if (run === 1) single.push(lastX, lastY);
    if (run > 0) broken = true;
    run = 0;
    current.index = NaN;
  };
  for (let i = range[0]; i < range[1]; ++i) {
    const px = sx.at(x[i]!);
    const py = sy.at(y[i]!);
    if (!(px - px === 0) || !(py - py === 0)) {
      endRun();
      continue;
    }
    if (broken) {
      corners.add(NaN, NaN);
      broken = false;
    }
    const top = high ? extreme(sy.at(high[i]!), py, -1) : py;
    const bottom = low ? extreme(sy.at(low[i]!), py, 1) : py;
    const index = Math.floor(px / column);
    if (index === current.index) {
      current.add(px, py, top, bottom);
    } else {
      current.flush(corners, pairs);
      current.start(index, px, py, top, bottom);
    }
    lastX = px;
    lastY = py;
    ++run;
  }
  endRun();
  return { points: corners.done(), single };
}

/** A bucket's extreme in pixels: no nearer than its point, and no further than canvases count. */
function extreme(pixel: number, point: number, sign: number): number {
  if (pixel !== pixel) return point;
  return sign * Math.min(Math.max(sign * pixel, sign * point), FAR);
}

/**
 * A line with many corners a column as one bar a column, x, y, width and height, as tall as what the line covers there and no
 * less than its width. To stroke such a line costs ten times as much, and looks the same.
 */
export function barsOf(points: ArrayLike<number>, column: number, width: number): Float32Array {
  const bars = new Corners();
  const across = Math.max(column, width);
  let index = NaN, top = 0, bottom = 0, lastX = NaN, lastY = NaN;
  const flush = (): void => {
    const room = Math.max(0, width - (bottom - top)) / 2;
    if (index !== index) return;
    bars.add((index + 0.5) * column - across / 2, top - room);
    bars.add(across, bottom - top + 2 * room);
  };
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    const next = Math.floor(x / column);
    if (next !== index) {
      flush();
      index = next;
      // The way from the last corner is covered in this column.
      top = bottom = lastX === lastX && next === Math.floor(lastX / column) + 1 ? lastY : y;
    }
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    lastX = x;
    lastY = y;
  }
  flush();
  return bars.done();
}

/** From the lowest to the highest of the buckets in each column, as bars. */
export function whiskersOf(series: Series, range: readonly [number, number], sx: Scale, sy: Scale, column: number): Float32Array {
  const { x, y, low, high } = series;
  const bars = new Corners();
  let index = NaN, top = 0, bottom = 0;
  const flush = (): void => {
    if (!(index === index && bottom - top > FLAT)) return;
    bars.add(index * column, top);
    bars.add(column, bottom - top);
  };
  for (let i = range[0]; i < range[1]; ++i) {
    const px = sx.at(x[i]!), py = sy.at(y[i]!);
    if (!(px - px === 0) || !(py - py === 0)) continue;
    const a = extreme(sy.at(high![i]!), py, -1), b = extreme(sy.at(low![i]!), py, 1);
    const next = Math.floor(px / column);
    if (next !== index) {
      flush();
      index = next;
      top = a;
      bottom = b;
    }
    top = Math.min(top, a);
    bottom = Math.max(bottom, b);
  }
  flush();
  return bars.done();
}

/** The outline of a band between low and high, in columns: the highest of each there, the lowest back. Parts at what is not finite. */
export function bandOutline(x: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>, range: readonly [number, number], sx: Scale, sy: Scale, column: number): Float32Array {
  const corners = new Corners();
  let columns: [number, number, number][] = [];
  const close = (): void => {
    for (const [px, top] of columns) corners.add(px, top);
    for (const [px, , bottom] of columns.reverse()) corners.add(px, bottom);
    if (columns.length > 0) corners.add(NaN, NaN);
    columns = [];
  };
  let index = NaN;
  for (let i = range[0]; i < range[1]; ++i) {
    const px = sx.at(x[i]!), top = sy.at(high[i]!);
    // Below all of a logarithmic axis: down to the lower border and on.
    const bottom = sy.log && low[i]! <= 0 ? FAR : sy.at(low[i]!);
    if (!(px - px === 0) || !(top - top === 0) || !(bottom - bottom === 0)) {
      close();
      index = NaN;
      continue;
    }
    const next = Math.floor(px / column);
    const last = columns[columns.length - 1];
    if (next === index && last) {
      last[1] = Math.min(last[1], top);
      last[2] = Math.max(last[2], bottom);
    } else {
      columns.push([px, top, bottom]);
      index = next;
    }
  }
  close();
  return corners.done();
}

export interface Extent {
  low: number;
  high: number;
  /** Finite values that lie outside, when outliers are hidden. */
  hidden: number;
  /** Values that are not positive. */
  notPositive: number;
}

/** Gathers values of many curves, to say which range shows them. */
export class Range {
  private low = Infinity;
  private high = -Infinity;
  private lowPositive = Infinity;
  private notPositive = 0;
  private readonly parts: { values: ArrayLike<number>; range: readonly [number, number] }[] = [];

  add(values: ArrayLike<number>, range: readonly [number, number]): void {
    this.parts.push({ values, range });
    for (let i = range[0]; i < range[1]; ++i) {
      const value = values[i]!;
      if (!(value - value === 0)) continue;
      if (value < this.low) this.low = value;
      if (value > this.high) this.high = value;
      if (value <= 0) ++this.notPositive;
      else if (value < this.lowPositive) this.lowPositive = value;
    }
  }

  /** All values; with positive, those that a logarithmic axis shows. */
  all(positive = false): Extent {
    return { low: positive ? this.lowPositive : this.low, high: this.high, hidden: 0, notPositive: this.notPositive };
  }

  /**
   * The values without outliers: those further from the 5th to 95th percentile than one and a half times their distance.
   * Percentiles are of every so many values where there are many; what is hidden is plural over all.
   */
  withoutOutliers(log: boolean): Extent {
    const scaled = (v: number): number => (log ? Math.log10(v) : v);
    const sample = this.sample().filter((v) => !log || v > 0).sort();
    if (sample.length < 8) return this.all();
    const q = (p: number): number => scaled(sample[Math.round(p * (sample.length - 1))]!);
    const room = 1.5 * (q(0.95) - q(0.05));
    if (room === 0) return this.all();
    const least = q(0.05) - room, most = q(0.95) + room;
    let low = Infinity, high = -Infinity, hidden = 0;
    for (const { values, range } of this.parts) {
      for (let i = range[0]; i < range[1]; ++i) {
        const value = values[i]!, place = scaled(value);
        if (!(place - place === 0)) continue;
        if (place < least || place > most) {
          ++hidden;
        } else {
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
    }
    return { low, high, hidden, notPositive: this.notPositive };
  }

  /** At most some 20,000 of the finite values. */
  private sample(): Float64Array {
    const total = this.parts.reduce((sum, { range }) => sum + Math.max(0, range[1] - range[0]), 0);
    const stride = Math.max(1, Math.floor(total / 20000));
    const kept: number[] = [];
    for (const { values, range } of this.parts) {
      for (let i = range[0]; i < range[1]; i += stride) {
        const value = values[i]!;
        if (value - value === 0) kept.push(value);
      }
    }
    return Float64Array.from(kept);
  }
}
