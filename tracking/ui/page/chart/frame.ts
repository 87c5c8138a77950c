// Title, axes and notes around a chart's data: horizontal grid alone, no box.
import type { AxisKind, Scale, Ticks } from "./axis";
import { makeScale, ticksOf } from "./axis";
import type { Palette } from "./colours";
import type { Box, Scene } from "./scene";
import { fitted, textWidth } from "./scene";

export const TICK = 11;
export const TITLE = 12;

export interface AxisSpec {
  low: number;
  high: number;
  log: boolean;
  kind: AxisKind;
  label: string;
}

export interface FrameSpec {
  title: string;
  unit?: string;
  x: AxisSpec;
  y: AxisSpec;
  /** What the reader must know: "3 outliers hidden". */
  notes: string[];
  locked: boolean;
  /** No value to measure: y has no ticks, or no axis has. */
  empty?: "y" | "both";
}

export interface Frame {
  plot: Box;
  sx: Scale;
  sy: Scale;
  xTicks: Ticks;
  yTicks: Ticks;
}

const TOP = 30, BOTTOM = 24, RIGHT = 12, LEAST_LEFT = 40;

/** Scales and ticks for a size; the left margin is as wide as the ticks' texts. */
export function layFrame(spec: FrameSpec, width: number, height: number, palette: Palette): Frame {
  const top = TOP, bottom = Math.max(height - BOTTOM, top + 20);
  const sy = makeScale(spec.y.low, spec.y.high, bottom, top, spec.y.log);
  const yTicks = spec.empty ? { values: [], texts: [] } : ticksOf(sy, spec.y.kind, bottom - top < 100 ? 3 : 5);
  const widest = Math.max(0, ...yTicks.texts.map((text) => textWidth(text, { size: TICK, fill: "" }, palette)));
  const left = Math.max(LEAST_LEFT, Math.ceil(widest) + 12);
  const right = Math.max(width - RIGHT, left + 20);
  const sx = makeScale(spec.x.low, spec.x.high, left, right, spec.x.log);
  const room = Math.floor((right - left) / (spec.x.kind === "wall" ? 72 : 60));
  const xTicks = ticksOf(sx, spec.x.kind, Math.min(6, Math.max(2, room)));
  return { plot: { x: left, y: top, width: right - left, height: bottom - top }, sx, sy, xTicks, yTicks };
}

/** Title and unit left, notes right: these get what the title leaves, or half of the width. */
function drawTitle(scene: Scene, spec: FrameSpec, width: number, palette: Palette): void {
  const note = { size: TICK, fill: palette.muted };
  const title = { size: TITLE, weight: 600, fill: palette.ink };
  const unit = { size: TITLE, fill: palette.muted };
  const unitWidth = spec.unit ? textWidth(spec.unit, unit, palette) + 5 : 0;
  const all = width - RIGHT;
  const left = all - textWidth(spec.title, title, palette) - unitWidth - 16;
  const notes = fitted(spec.notes.join(" · "), Math.max(left, all / 2), note, palette);
  const noteWidth = notes ? textWidth(notes, note, palette) + 16 : 0;
  if (notes) scene.text(all, 15, notes, { ...note, align: "end" });
  const shown = fitted(spec.title, Math.max(40, all - noteWidth - unitWidth), title, palette);
  scene.text(0, 15, shown, title);
  if (spec.unit) scene.text(textWidth(shown, title, palette) + 5, 15, spec.unit, unit);
}

/** A padlock, lower left corner at (x, y). */
function drawLock(scene: Scene, x: number, y: number, colour: string): void {
  scene.rect({ x, y: y - 6, width: 8, height: 6 }, colour);
  const arc: number[] = [];
  for (let k = 0; k <= 8; ++k) arc.push(x + 4 - 2.5 * Math.cos((k * Math.PI) / 8), y - 7 - 2.5 * Math.sin((k * Math.PI) / 8));
  scene.line([x + 1.5, y - 5, ...arc, x + 6.5, y - 5], { stroke: colour, width: 1.25 });
}

/** Lines at half pixels are one pixel wide, not two grey ones. */
export function crisp(pixel: number): number {
  return Math.round(pixel - 0.5) + 0.5;
}

/** Draws title, notes, grid, ticks, and the label of x at the end of its ticks. */
export function drawFrame(scene: Scene, spec: FrameSpec, frame: Frame, width: number, palette: Palette): void {
  const { plot, sy, yTicks } = frame;
  const tick = { size: TICK, fill: palette.muted };
  drawTitle(scene, spec, width, palette);
  if (spec.locked) drawLock(scene, 1, plot.y + 4, palette.muted);
  yTicks.values.forEach((value, k) => {
    const y = crisp(sy.at(value));
    scene.line([plot.x, y, plot.x + plot.width, y], { stroke: palette.grid, width: 1 });
    scene.text(plot.x - 8, y + 4, yTicks.texts[k]!, { ...tick, align: "end" });
  });
  const bottom = plot.y + plot.height;
  scene.line([plot.x, crisp(bottom), plot.x + plot.width, crisp(bottom)], { stroke: palette.border, width: 1 });
  drawXTicks(scene, spec, frame, palette);
}

/**
 * The label of x stands before its ticks, in the margin; a longer one at their end, where texts that would run into it are left
 * out. Durations and dates say by themselves what they are, so that their label gives way.
 */
function drawXTicks(scene: Scene, spec: FrameSpec, frame: Frame, palette: Palette): void {
  const { plot, sx, xTicks } = frame;
  if (spec.empty === "both") return;
  const style = { size: TICK, fill: palette.muted };
  const bottom = plot.y + plot.height, end = plot.x + plot.width;
  const label = fitted(spec.x.label, plot.width / 2, style, palette);
  const width = textWidth(label, style, palette);
  const halves = xTicks.texts.map((text) => textWidth(text, style, palette) / 2);
  const first = xTicks.values.length > 0 ? sx.at(xTicks.values[0]!) - halves[0]! : plot.x;
  const before = Math.min(first, plot.x) - 8 - width >= 0;
  const collides = xTicks.values.some((value, k) => sx.at(value) + halves[k]! > end - width - 10);
  const after = !before && !(collides && (spec.x.kind === "time" || spec.x.kind === "wall"));
  if (before) scene.text(Math.min(first, plot.x) - 8, bottom + 17, label, { ...style, align: "end" });
  else if (after) scene.text(end, bottom + 17, label, { ...style, align: "end" });
  const limit = after && label ? end - width - 10 : end + 10;
  xTicks.values.forEach((value, k) => {
    const x = sx.at(value);
    scene.line([crisp(x), bottom, crisp(x), bottom + 4], { stroke: palette.border, width: 1 });
    if (x + halves[k]! <= limit) scene.text(Math.max(x, halves[k]!), bottom + 17, xTicks.texts[k]!, { ...style, align: "middle" });
  });
}
