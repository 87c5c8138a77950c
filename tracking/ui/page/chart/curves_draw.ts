// Curves as primitives: lines, bands, marks, and quantiles where there are too many.
import type { Scale } from "./axis";
import type { Palette } from "./colours";
import { colourOf, dashOf } from "./colours";
import type { Curve, CurvesData } from "./curves_data";
import { Ascending, COLUMNS_UP_TO, isBand, WIDE_UP_TO } from "./curves_data";
import type { Series } from "./decimate";
import { bandOutline, barsOf, lowerBound, nearestIndex, polyline, visibleRange, whiskersOf } from "./decimate";
import type { Box, Scene } from "./scene";
import { drawForm, FORMS } from "./forms";
import { TICK } from "./frame";

export interface Pen {
  scene: Scene;
  plot: Box;
  sx: Scale;
  sy: Scale;
  palette: Palette;
  /** Device pixels to one of CSS. */
  ratio: number;
  ascending: Ascending;
  /** Curves have forms beside their colours. */
  forms: boolean;
}

export const strokeOf = (curve: Curve, palette: Palette): string => colourOf(curve.colour, palette);
export const dashFor = (curve: Curve): readonly number[] => curve.dash ?? (typeof curve.colour === "number" ? dashOf(curve.colour) : []);

export interface Stroke {
  width: number;
  column: number;
  pairs: boolean;
}

/** How curves are stroked where there are so many: in software a wide line costs ten times a thin one. */
export function strokeFor(count: number, ratio: number): Stroke {
  if (count <= WIDE_UP_TO) return { width: 1.5, column: 1 / ratio, pairs: false };
  return { width: 1 / ratio, column: (count <= COLUMNS_UP_TO ? 1 : 2) / ratio, pairs: count > COLUMNS_UP_TO };
}

function rangeOf(pen: Pen, series: Series): [number, number] {
  return visibleRange(series.x, pen.sx.low, pen.sx.high, pen.ascending.of(series.x));
}

/** One curve: its band, the raw values behind it, its line, points that stand alone. */
export function drawCurve(pen: Pen, data: CurvesData, curve: Curve, stroke: Stroke): void {
  const { scene, sx, sy, palette } = pen;
  const colour = strokeOf(curve, palette);
  const range = rangeOf(pen, curve);
  const band = isBand(curve, data);
  if (band) scene.area(bandOutline(curve.x, curve.low!, curve.high!, range, sx, sy, stroke.column), colour, 0.15);
  if (curve.raw) drawLine(pen, curve.raw, rangeOf(pen, curve.raw), colour, { ...stroke, width: Math.min(stroke.width, 1) }, [], 0.25);
  const line: Series = band || curve.raw ? { x: curve.x, y: curve.y } : curve;
  drawLine(pen, line, range, colour, stroke, dashFor(curve), 1);
  if (pen.forms && typeof curve.colour === "number") drawForms(pen, curve, curve.colour, range);
}

// Pixels from one of a curve's forms to its next.
const APART = 96;

/** A slot's forms along its curve, each slot's a little further on, so that curves that lie on each other show all of theirs. */
function drawForms(pen: Pen, curve: Curve, slot: number, [begin, end]: readonly [number, number]): void {
  const { scene, plot, palette } = pen;
  let next = plot.x + ((slot % FORMS) + 0.5) * (APART / FORMS);
  let last: [number, number] | null = null;
  let drawn = false;
  const draw = ([x, y]: [number, number]): void => {
    drawForm(scene, slot, x, y, strokeOf(curve, palette), palette.bg);
    next = x + APART;
    drawn = true;
  };
  for (let i = begin; i < end; ++i) {
    const x = pen.sx.at(curve.x[i]!), y = pen.sy.at(curve.y[i]!);
    if (!(y - y === 0) || !(x >= plot.x && x <= plot.x + plot.width)) continue;
    last = [x, y];
    // Over another metric a curve may turn back.
    if (x >= next || (drawn && x <= next - 2 * APART)) draw(last);
  }
  if (!drawn && last) draw(last);
}

function drawLine(pen: Pen, series: Series, range: [number, number], colour: string, stroke: Stroke, dash: readonly number[], alpha: number): void {
  const { scene, sx, sy, plot, ratio } = pen;
  const wide = stroke.width * ratio > 1;
  const whole = polyline(series, range, sx, sy, stroke.column, stroke.pairs);
  // Several points a column, and so many corners that they don't lie on a line: the curve covers an area.
  const columns = Math.min(plot.width, columnsOf(pen, series, range)) / stroke.column;
  const dense = wide && range[1] - range[0] > 2 * columns && whole.points.length / 2 > 2 * columns;
  if (dense) {
    // Bars that one sees through must not overlap.
    scene.bars(barsOf(whole.points, stroke.column, alpha === 1 ? stroke.width : stroke.column), colour, alpha);
  } else if (wide && series.low && series.high) {
    scene.bars(whiskersOf(series, range, sx, sy, stroke.column), colour, alpha);
    scene.line(polyline({ x: series.x, y: series.y }, range, sx, sy, stroke.column).points, { stroke: colour, width: stroke.width, dash, alpha });
  } else {
    scene.line(whole.points, { stroke: colour, width: stroke.width, dash, alpha });
  }
  scene.dots(whole.single, Math.max(stroke.width, 1.5), colour, alpha);
  // Where points lie far apart, each is seen.
  const few = stroke.width >= 1.5 && range[1] - range[0] <= 40 && alpha === 1 && plot.width / (range[1] - range[0]) >= 8;
  if (few) scene.dots(pointsOf(pen, series, range), 2, colour);
}

/** Pixels from the curve's first to its last point in the range. */
function columnsOf(pen: Pen, series: Series, range: readonly [number, number]): number {
  if (range[1] <= range[0] || !pen.ascending.of(series.x)) return Infinity;
  return Math.max(1, pen.sx.at(series.x[range[1] - 1]!) - pen.sx.at(series.x[range[0]]!));
}

function pointsOf(pen: Pen, series: Series, range: [number, number]): number[] {
  const points: number[] = [];
  for (let i = range[0]; i < range[1]; ++i) {
    const x = pen.sx.at(series.x[i]!), y = pen.sy.at(series.y[i]!);
    if (x - x === 0 && y - y === 0) points.push(x, y);
  }
  return points;
}

/** Where values are no numbers: × for NaN on the lower edge, ▲ for infinity at the top, ▼ for minus infinity at the bottom. */
export function drawNotFinite(pen: Pen, curves: readonly Curve[], ownColours: boolean): void {
  const { sx, plot } = pen;
  // Two marks within five pixels are one.
  const drawn = new Set<string>();
  for (const curve of curves) {
    const colour = ownColours ? strokeOf(curve, pen.palette) : pen.palette.fail;
    const series = curve.raw ?? curve;
    for (const [i, kind] of notFiniteOf(series, rangeOf(pen, series))) {
      const x = sx.at(series.x[i]!);
      if (!(x >= plot.x - 0.5 && x <= plot.x + plot.width + 0.5)) continue;
      const place = `${kind}${Math.round(x / 5)}${ownColours ? curve.id : ""}`;
      if (drawn.has(place)) continue;
      drawn.add(place);
      drawGlyph(pen, kind, x, colour);
    }
  }
}

/** Points in the range that are no numbers, and buckets that hold such. */
function* notFiniteOf(series: Series, [begin, end]: readonly [number, number]): Generator<[number, NotFinite]> {
  for (let i = begin; i < end; ++i) {
    const kind = notFiniteKind(series, i);
    if (kind) yield [i, kind];
  }
  const lists: [ArrayLike<number> | undefined, NotFinite][] = [[series.nan, "nan"], [series.above, "inf"], [series.below, "-inf"]];
  for (const [indices, kind] of lists) {
    for (let k = 0; indices && k < indices.length; ++k) if (indices[k]! >= begin && indices[k]! < end) yield [indices[k]!, kind];
  }
}

type NotFinite = "nan" | "inf" | "-inf";

function notFiniteKind(series: Series, i: number): NotFinite | null {
  const y = series.y[i]!;
  if (y !== y) return "nan";
  if (y === Infinity || series.high?.[i] === Infinity) return "inf";
  return y === -Infinity || series.low?.[i] === -Infinity ? "-inf" : null;
}

function drawGlyph(pen: Pen, kind: NotFinite, x: number, colour: string): void {
  const { scene, plot } = pen;
  const bottom = plot.y + plot.height;
  if (kind === "nan") {
    const y = bottom - 5;
    scene.line([x - 3, y - 3, x + 3, y + 3, NaN, NaN, x - 3, y + 3, x + 3, y - 3], { stroke: colour, width: 1.5 });
  } else if (kind === "inf") {
    scene.area([x - 4, plot.y + 8, x + 4, plot.y + 8, x, plot.y + 1], colour);
  } else {
    scene.area([x - 4, bottom - 8, x + 4, bottom - 8, x, bottom - 1], colour);
  }
}

// Ticks of one curve that are nearer than so many pixels are one.
const TICKS_APART = 4;

/** Checkpoints as ticks on the lower border, resumes as dotted lines, forks and verifications on the curve. */
export function drawMarks(pen: Pen, curve: Curve): void {
  const { scene, sx, plot, palette } = pen;
  const colour = strokeOf(curve, palette);
  const bottom = plot.y + plot.height;
  let tick = -Infinity;
  for (const mark of curve.marks ?? []) {
    const x = sx.at(mark.x);
    if (!(x >= plot.x - 0.5 && x <= plot.x + plot.width + 0.5)) continue;
    if (mark.kind === "checkpoint") {
      if (x - tick < TICKS_APART) continue;
      scene.line([x, bottom, x, bottom - 6], { stroke: colour, width: 1.5 });
      tick = x;
    } else if (mark.kind === "resume") scene.line([x, plot.y, x, bottom], { stroke: colour, width: 1, dash: [1, 3], alpha: 0.8 });
    else if (mark.kind === "fork") drawFork(scene, x, yAt(pen, curve, mark.x) ?? bottom - 10, colour, palette);
    else drawDiamond(scene, x, yAt(pen, curve, mark.x) ?? bottom - 10, palette);
  }
}

function yAt(pen: Pen, curve: Curve, x: number): number | null {
  const i = nearestIndex(curve.x, x);
  const y = i < 0 ? NaN : pen.sy.at(curve.y[i]!);
  return y - y === 0 ? y : null;
}

/** ⑂: a stem that parts into two. */
function drawFork(scene: Scene, x: number, y: number, colour: string, palette: Palette): void {
  scene.dots([x, y], 8, palette.bg, 0.85);
  scene.line([x, y + 5, x, y, x - 4, y - 5, NaN, NaN, x, y, x + 4, y - 5], { stroke: colour, width: 1.5 });
}

function drawDiamond(scene: Scene, x: number, y: number, palette: Palette): void {
  scene.area([x, y - 6, x + 6, y, x, y + 6, x - 6, y], palette.bg);
  scene.area([x, y - 4.5, x + 4.5, y, x, y + 4.5, x - 4.5, y], palette.ok);
}

/** Rings where the number of runs behind a mean falls, with the new number where there is room. */
export function drawFalls(pen: Pen, curve: Curve, named: boolean): void {
  const { scene, sx, sy, palette } = pen;
  const n = curve.n!;
  const colour = strokeOf(curve, palette);
  let last = -Infinity;
  const [begin, end] = rangeOf(pen, curve);
  for (let i = Math.max(begin, 1); i < end; ++i) {
    if (!(n[i]! < n[i - 1]!)) continue;
    const x = sx.at(curve.x[i]!), y = sy.at(curve.y[i]!);
    if (!(y - y === 0) || x - last < 12 || !(x >= pen.plot.x && x <= pen.plot.x + pen.plot.width)) continue;
    scene.dots([x, y], 3.5, colour);
    scene.dots([x, y], 2, palette.bg);
    if (named && x - last >= 44) scene.text(x, y - 8, `N ${n[i]!}`, { size: TICK, fill: palette.muted, align: "middle" });
    last = x;
  }
}

const QUANTILES: readonly [number, number, number][] = [[0, 1, 0.1], [0.05, 0.95, 0.14], [0.25, 0.75, 0.22]];

/** Quantiles of many curves, column by column, from the lowest to the highest value that any of them has there. */
export function drawQuantiles(pen: Pen, curves: readonly Curve[]): void {
  const { scene, plot, palette } = pen;
  const width = 2;
  const count = Math.max(1, Math.floor(plot.width / width));
  const columns: number[][] = Array.from({ length: count }, () => []);
  const low = new Float64Array(count).fill(Infinity);
  const high = new Float64Array(count).fill(-Infinity);
  for (const curve of curves) sampleInto(pen, curve, columns, low, high, width);
  const sorted = columns.map((values) => Float64Array.from(values).sort());
  const value = (c: number, q: number): number => {
    const values = sorted[c]!;
    if (values.length === 0) return NaN;
    return q === 0 ? low[c]! : q === 1 ? high[c]! : values[Math.round(q * (values.length - 1))]!;
  };
  const x = Float64Array.from(sorted, (_, c) => pen.sx.value(plot.x + (c + 0.5) * width));
  const line = (q: number): Float64Array => Float64Array.from(sorted, (_, c) => value(c, q));
  for (const [from, to, alpha] of QUANTILES) {
    scene.area(bandOutline(x, line(from), line(to), [0, count], pen.sx, pen.sy, width), palette.accent, alpha);
  }
  scene.line(polyline({ x, y: line(0.5) }, [0, count], pen.sx, pen.sy, width).points, { stroke: palette.accent, width: 1.5 });
}

/** The curve's value in each column within its own length, straight between its points; and its extremes. */
function sampleInto(pen: Pen, curve: Curve, columns: number[][], low: Float64Array, high: Float64Array, width: number): void {
  const { sx, plot } = pen;
  const [begin, end] = rangeOf(pen, curve);
  let lastX = NaN, lastY = NaN;
  for (let i = begin; i < end; ++i) {
    const px = (sx.at(curve.x[i]!) - plot.x) / width;
    const y = curve.y[i]!;
    const c = Math.floor(px);
    if (c >= 0 && c < columns.length && y - y === 0) {
      low[c] = Math.min(low[c]!, finiteOr(curve.low?.[i], y));
      high[c] = Math.max(high[c]!, finiteOr(curve.high?.[i], y));
    }
    if (lastX <= px && lastY - lastY === 0 && y - y === 0) fillBetween(columns, low, high, lastX, lastY, px, y);
    lastX = px;
    lastY = y;
  }
}

const finiteOr = (value: number | undefined, other: number): number => (value !== undefined && value - value === 0 ? value : other);

function fillBetween(columns: number[][], low: Float64Array, high: Float64Array, x0: number, y0: number, x1: number, y1: number): void {
  const last = Math.min(Math.ceil(x1 - 0.5) - 1, columns.length - 1);
  for (let c = Math.max(Math.ceil(x0 - 0.5), 0); c <= last; ++c) {
    const value = x1 > x0 ? y0 + ((y1 - y0) * (c + 0.5 - x0)) / (x1 - x0) : y1;
    columns[c]!.push(value);
    if (value < low[c]!) low[c] = value;
    if (value > high[c]!) high[c] = value;
  }
}

/** The nearest point of a curve to x, or to a place in pixels where x turns back; -1 beyond the curve's ends. */
export function pointNear(pen: Pick<Pen, "sx" | "sy" | "ascending">, curve: Curve, x: number, pixelY: number | null): number {
  if (pen.ascending.of(curve.x)) {
    const i = nearestIndex(curve.x, x);
    if (i < 0) return -1;
    const beyond = (i === 0 && x < curve.x[0]!) || (i === curve.x.length - 1 && x > curve.x[i]!);
    return beyond && Math.abs(pen.sx.at(curve.x[i]!) - pen.sx.at(x)) > 6 ? -1 : finiteNear(curve, i);
  }
  let best = -1, least = Infinity;
  for (let i = 0; i < curve.x.length; ++i) {
    const dx = pen.sx.at(curve.x[i]!) - pen.sx.at(x);
    const dy = pixelY === null ? 0 : pen.sy.at(curve.y[i]!) - pixelY;
    const distance = dx * dx + dy * dy;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

/** The index itself; of points with equal x the last, whose value is the one that holds. */
function finiteNear(curve: Curve, i: number): number {
  const x = curve.x[i]!;
  let last = lowerBound(curve.x, x);
  while (last + 1 < curve.x.length && curve.x[last + 1] === x) ++last;
  return last;
}
