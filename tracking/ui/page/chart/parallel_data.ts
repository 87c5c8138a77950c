// Axes of parallel coordinates: where values and categories stand, and which lines brushes let through.
import { makeScale, padded, ticksOf, type Scale, type Ticks } from "./axis";
import { Range } from "./decimate";

export interface ParallelAxis {
  name: string;
  kind: "number" | "category";
  /** A number or a category for each run; NaN or null where it has none. */
  values: ArrayLike<number | string | boolean | null>;
  log?: boolean;
  flip?: boolean;
}

export interface ParallelData {
  axes: readonly ParallelAxis[];
  ids: readonly string[];
  /** Names of the runs; their ids where there are none. */
  labels?: readonly string[];
  /** Which axis colours the lines, of `axes` as they are given here. */
  colourBy?: number | null;
}

export interface Brush {
  /** The axis's name. */
  axis: string;
  /** Of numbers, both included. */
  low?: number;
  high?: number;
  categories?: string[];
}

/** An axis as it is laid out. */
export interface LaidAxis {
  axis: ParallelAxis;
  log: boolean;
  flip: boolean;
  /** Why it isn't logarithmic though it was asked for. */
  note: string | null;
  categories: string[];
  /** Each run's number on the axis, of a category its place in the list; NaN where it has none. */
  numbers: Float64Array;
  /** Of numbers: from the lowest to the highest; of categories: from −0.5 on. */
  low: number;
  high: number;
}

const text = (value: number | string | boolean): string => String(value);

/** Categories in the order of their names, numbers among them by size. */
function categoriesOf(values: ArrayLike<number | string | boolean | null>): string[] {
  const all = new Set<string>();
  for (let i = 0; i < values.length; ++i) if (values[i] !== null && values[i] !== undefined) all.add(text(values[i]!));
  return [...all].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0));
}

function numbersOf(axis: ParallelAxis, categories: readonly string[]): Float64Array {
  const places = new Map(categories.map((name, k) => [name, k]));
  return Float64Array.from({ length: axis.values.length }, (_, i) => {
    const value = axis.values[i];
    if (value === null || value === undefined) return NaN;
    return axis.kind === "category" ? places.get(text(value))! : Number(value);
  });
}

export function layAxis(axis: ParallelAxis, log: boolean, flip: boolean): LaidAxis {
  const categories = axis.kind === "category" ? categoriesOf(axis.values) : [];
  const numbers = numbersOf(axis, categories);
  if (axis.kind === "category") return { axis, log: false, flip, note: null, categories, numbers, low: -0.5, high: Math.max(categories.length, 1) - 0.5 };
  const range = new Range();
  range.add(numbers, [0, numbers.length]);
  const all = range.all();
  const positive = log && all.low > 0;
  const [low, high] = all.low < all.high ? [all.low, all.high] : padded(all.low, all.high, positive);
  return { axis, log: positive, flip, note: log && !positive ? "has values ≤ 0" : null, categories, numbers, low, high };
}

/** The axis on the rows from top to bottom. */
export function scaleOf(laid: LaidAxis, top: number, bottom: number): Scale {
  return laid.flip ? makeScale(laid.low, laid.high, top, bottom, laid.log) : makeScale(laid.low, laid.high, bottom, top, laid.log);
}

/** Do the middle nine tenths of positive values span two decades? Of values spread evenly from zero they don't, however small the least is. */
export function spansDecades(values: ArrayLike<number>): boolean {
  const sorted = Float64Array.from(values).filter((v) => v - v === 0).sort();
  if (sorted.length < 2 || !(sorted[0]! > 0)) return false;
  const last = sorted.length - 1;
  return sorted[Math.round(0.95 * last)]! / sorted[Math.round(0.05 * last)]! >= 100;
}

/** At most five ticks of a numeric axis, and its ends where no tick is near; of categories all, or as many as there is room for. */
export function axisTicks(laid: LaidAxis, scale: Scale): Ticks {
  if (laid.axis.kind === "number") return ticksOf(scale, "number", 5);
  const room = Math.max(1, Math.floor(Math.abs(scale.to - scale.from) / 13));
  const stride = Math.ceil(laid.categories.length / room);
  const kept = laid.categories.map((_, k) => k).filter((k) => k % Math.max(stride, 1) === 0);
  return { values: kept, texts: kept.map((k) => laid.categories[k]!) };
}

/** Range of an axis's numbers that is brushed, by the axis's name. */
export type Ranges = Map<string, readonly [number, number]>;

/** 1 for each line that all brushes let through. */
export function letThrough(axes: readonly LaidAxis[], ranges: Ranges, count: number): Uint8Array {
  const through = new Uint8Array(count).fill(1);
  for (const laid of axes) {
    const range = ranges.get(laid.axis.name);
    if (!range) continue;
    for (let i = 0; i < count; ++i) if (!(laid.numbers[i]! >= range[0] && laid.numbers[i]! <= range[1])) through[i] = 0;
  }
  return through;
}

/** Brushes as conditions on values, in the order of the axes. */
export function brushesOf(axes: readonly LaidAxis[], ranges: Ranges): Brush[] {
  const brushes: Brush[] = [];
  for (const laid of axes) {
    const range = ranges.get(laid.axis.name);
    if (!range) continue;
    if (laid.axis.kind === "number") brushes.push({ axis: laid.axis.name, low: range[0], high: range[1] });
    else brushes.push({ axis: laid.axis.name, categories: laid.categories.filter((_, k) => k >= range[0] && k <= range[1]) });
  }
  return brushes;
}

/** The range that a brush stands for; null where no category of it is known. */
export function rangeOf(laid: LaidAxis, brush: Brush): [number, number] | null {
  if (laid.axis.kind === "number") return [brush.low ?? -Infinity, brush.high ?? Infinity];
  const places = (brush.categories ?? []).map((name) => laid.categories.indexOf(name)).filter((k) => k >= 0);
  return places.length > 0 ? [Math.min(...places) - 0.5, Math.max(...places) + 0.5] : null;
}

/** A brushed border with as many digits as pixels tell apart, so that a query made of it can be read. */
export function roundedBorder(value: number, scale: Scale): number {
  const pixel = Math.abs(scale.value(scale.at(value) + 1) - value);
  if (!(pixel > 0)) return value;
  const unit = 10 ** Math.floor(Math.log10(pixel));
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}
