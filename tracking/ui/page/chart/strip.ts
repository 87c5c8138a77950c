// Digests over steps, a row for each run or kind: where they are equal, where they parted, where there are none.
import { makeScale, ticksOf, valueText, type AxisKind, type Scale } from "./axis";
import { Chart, type Picture, type Size } from "./chart";
import type { Cell, Rows } from "./export";
import { thinned } from "./export";
import { crisp, TICK } from "./frame";
import { upperBound } from "./decimate";
import { PointerControl } from "./pointer";
import { fitted, Scene, textWidth, type Box, type Item } from "./scene";
import { countText } from "./text";

export const ABSENT = 0, EQUAL = 1, PARTED = 2;
const WORDS = ["no digest", "equal", "parted"] as const;

export interface StripRow {
  label: string;
  /** ABSENT, EQUAL or PARTED for each of the steps. */
  states: Uint8Array;
}

export interface StripData {
  title: string;
  xLabel?: string;
  /** Ascending; a state holds from its step to the next. */
  steps: ArrayLike<number>;
  rows: readonly StripRow[];
  /** The first step that parted. */
  first: number | null;
}

export interface StripEvents {
  hover: { step: number | null };
  click: { step: number };
  zoom: { range: [number, number] | null };
}

const TOP = 28, ROW = 16, PITCH = 22, MARK = 14, AXIS = 22, RIGHT = 12;

/** A row in columns of so many pixels: what is worst in each, so that a single parted step among thousands is seen. */
export function columnStates(states: Uint8Array, steps: ArrayLike<number>, scale: Scale): Uint8Array {
  const count = Math.max(0, Math.ceil(scale.to - scale.from));
  const columns = new Uint8Array(count);
  for (let i = 0; i < states.length; ++i) {
    const end = i + 1 < states.length ? steps[i + 1]! : steps[i]! + lastWidth(steps);
    const from = Math.floor(scale.at(steps[i]!) - scale.from);
    const to = Math.max(from + 1, Math.floor(scale.at(end) - scale.from));
    for (let c = Math.max(from, 0); c < Math.min(to, count); ++c) columns[c] = Math.max(columns[c]!, states[i]!);
  }
  return columns;
}

/** How long the last state is drawn: as the one before it. */
function lastWidth(steps: ArrayLike<number>): number {
  return steps.length > 1 ? steps[steps.length - 1]! - steps[steps.length - 2]! : 1;
}

export class StripChart extends Chart<StripData, StripEvents> {
  private range: [number, number] | null = null;
  private scale: Scale | null = null;
  private at: number | null = null;
  private selection: [number, number] | null = null;
  private readonly pointer: PointerControl;

  constructor(element: HTMLElement) {
    super(element);
    this.layers.root.tabIndex = 0;
    this.pointer = new PointerControl(this.layers.root, {
      plot: () => this.plot(),
      move: (x, y) => this.pointed(x, y),
      leave: () => this.left(),
      selecting: (range) => {
        this.selection = range;
        this.later("hover");
      },
      select: (range) => this.zoomByUser([this.scale!.value(range[0]), this.scale!.value(range[1])]),
      pan: (by) => this.zoomByUser([this.scale!.value(this.scale!.from - by), this.scale!.value(this.scale!.to - by)]),
      reset: () => this.zoomByUser(null),
      click: (x) => this.clicked(x),
      key: (key) => this.key(key),
    });
  }

  /** The height that so many rows want. */
  static heightFor(rows: number): number {
    return TOP + rows * PITCH + MARK + AXIS;
  }

  zoom(range: readonly [number, number] | null): void {
    this.range = range && range[1] > range[0] ? [range[0], range[1]] : null;
    this.later("all");
  }

  override destroy(): void {
    this.pointer.destroy();
    super.destroy();
  }

  protected title(): string {
    const { title, first, xLabel } = this.data!;
    return `${title}: ${first === null ? "nothing parted" : `first parted at ${xLabel ?? "step"} ${countText(first)}`}`;
  }

  protected rows(most: number): Rows {
    const { steps, rows, title, xLabel } = this.data!;
    const kept = thinned(steps.length, most);
    const firstAt = this.data!.first;
    // The first parted step stands in every table.
    const shown = kept.filter((i, k) => k === 0 || i !== kept[k - 1]);
    for (let i = 0; i < steps.length; ++i) if (steps[i] === firstAt && !shown.includes(i)) shown.push(i);
    shown.sort((a, b) => a - b);
    const thin = shown.length < steps.length ? `, ${countText(shown.length)} of ${countText(steps.length)} steps` : "";
    return { caption: title + thin, header: [xLabel ?? "step", ...rows.map((row) => row.label)],
      rows: shown.map((i): Cell[] => [steps[i]!, ...rows.map((row) => WORDS[row.states[i]!] ?? "")]) };
  }

  private plot(): Box | null {
    const { scale, data } = this;
    return scale && data ? { x: scale.from, y: TOP, width: scale.to - scale.from, height: data.rows.length * PITCH } : null;
  }

  private layScale(width: number): Scale {
    const { rows, steps } = this.data!;
    const widest = Math.max(0, ...rows.map((row) => textWidth(row.label, { size: 12, fill: "" }, this.palette)));
    const left = Math.round(Math.min(Math.max(widest, 28) + 12, width * 0.3));
    const first = steps.length > 0 ? steps[0]! : 0;
    const last = steps.length > 0 ? steps[steps.length - 1]! + lastWidth(steps) : 1;
    const [low, high] = this.range ?? [first, last];
    return makeScale(low, high, left, Math.max(Math.floor(width - RIGHT), left + 20));
  }

  protected picture(size: Size): Picture {
    const data = this.data!;
    const scale = (this.scale = this.layScale(size.width));
    const base = new Scene();
    base.text(0, 15, fitted(data.title, size.width, { size: 12, weight: 600, fill: "" }, this.palette), { size: 12, weight: 600, fill: this.palette.ink });
    data.rows.forEach((row, k) => {
      const style = { size: 12, fill: this.palette.ink };
      base.text(0, TOP + k * PITCH + 12, fitted(row.label, scale.from - 10, style, this.palette), style);
    });
    this.drawAxis(base, scale);
    const scene = new Scene();
    data.rows.forEach((row, k) => this.drawRow(scene, row, TOP + k * PITCH, scale));
    this.drawFirst(scene, scale);
    return { base: base.items, data: scene.items };
  }

  private drawAxis(scene: Scene, scale: Scale): void {
    const { rows, xLabel } = this.data!;
    const y = TOP + rows.length * PITCH + MARK;
    const style = { size: TICK, fill: this.palette.muted };
    const label = xLabel ?? "step";
    scene.line([scale.from, crisp(y), scale.to, crisp(y)], { stroke: this.palette.border, width: 1 });
    scene.text(Math.max(scale.from - 8, textWidth(label, style, this.palette)), y + 17, label, { ...style, align: "end" });
    const ticks = ticksOf(scale, "step" as AxisKind, 6);
    ticks.values.forEach((value, k) => {
      const x = scale.at(value), text = ticks.texts[k]!;
      scene.line([crisp(x), y, crisp(x), y + 4], { stroke: this.palette.border, width: 1 });
      if (x + textWidth(text, style, this.palette) / 2 <= scale.to + RIGHT) scene.text(x, y + 17, text, { ...style, align: "middle" });
    });
  }

  private drawRow(scene: Scene, row: StripRow, y: number, scale: Scale): void {
    const { palette } = this;
    const columns = columnStates(row.states, this.data!.steps, scale);
    const colours = [palette.grid, palette.equal, palette.parted];
    const hatch: number[] = [];
    // Where each step has five pixels and more, one sees it by itself.
    const cell = ((scale.to - scale.from) * lastWidth(this.data!.steps)) / (scale.high - scale.low);
    const gap = cell >= 5 ? 1 : 0;
    for (const [from, to] of gap ? this.cells(scale, columns.length) : runsOf(columns)) {
      const state = columns[from]!;
      // Widened where it would be too thin to see.
      const width = Math.max(to - from - gap, state === PARTED ? 3 : 1);
      const x = scale.from + from;
      scene.rect({ x, y, width, height: ROW }, colours[state]!);
      if (state === PARTED && width > 3) addHatch(hatch, x, x + width, y);
    }
    scene.line(hatch, { stroke: palette.bg, width: 1.25, alpha: 0.7 });
  }

  /** Columns of each step. */
  private *cells(scale: Scale, count: number): Generator<[number, number]> {
    const { steps } = this.data!;
    for (let i = 0; i < steps.length; ++i) {
      const end = i + 1 < steps.length ? steps[i + 1]! : steps[i]! + lastWidth(steps);
      const from = Math.max(0, Math.floor(scale.at(steps[i]!) - scale.from));
      const to = Math.min(count, Math.floor(scale.at(end) - scale.from));
      if (to > from) yield [from, to];
    }
  }

  private drawFirst(scene: Scene, scale: Scale): void {
    const { first, rows, xLabel } = this.data!;
    if (first === null || first < scale.low || first > scale.high) return;
    const x = scale.at(first) + 1;
    const y = TOP + rows.length * PITCH - 4;
    scene.area([x - 5, y + 9, x + 5, y + 9, x, y], this.palette.parted);
    const text = `parted at ${xLabel ?? "step"} ${countText(first)}`;
    const style = { size: TICK, weight: 600, fill: this.palette.ink };
    const left = x + 9 + textWidth(text, style, this.palette) > scale.to;
    scene.text(left ? x - 9 : x + 9, y + 9, text, { ...style, align: left ? "end" : "start" });
  }

  protected overlay(): Item[] {
    const scene = new Scene();
    const plot = this.plot();
    if (!plot) return scene.items;
    if (this.selection) {
      const [a, b] = this.selection;
      scene.rect({ x: a, y: plot.y - 2, width: b - a, height: plot.height }, this.palette.accent, 0.25);
    } else if (this.at !== null) {
      const x = crisp(this.scale!.at(this.data!.steps[this.at]!));
      scene.line([x, plot.y - 3, x, plot.y + plot.height - 3], { stroke: this.palette.ink, width: 1 });
    }
    return scene.items;
  }

  private indexAt(px: number): number | null {
    const { steps } = this.data!;
    const i = upperBound(steps, this.scale!.value(px)) - 1;
    return steps.length === 0 || i < 0 ? null : i;
  }

  private pointed(px: number, py: number): void {
    const plot = this.plot();
    if (!plot || px < plot.x || px > plot.x + plot.width || py < plot.y - 6 || py > plot.y + plot.height + MARK) {
      this.left();
      return;
    }
    this.at = this.indexAt(px);
    this.later("hover");
    if (this.at === null) return;
    const { steps, rows, xLabel } = this.data!;
    const step = steps[this.at]!;
    const colours = [this.palette.border, this.palette.equal, this.palette.parted];
    this.tooltip.show({ head: `${xLabel ?? "step"} ${valueText(step, "step")}`,
      rows: rows.slice(0, 8).map((row) => ({ colour: colours[row.states[this.at!]!], label: row.label, value: WORDS[row.states[this.at!]!] ?? "" })),
      foot: rows.length > 8 ? `and ${countText(rows.length - 8)} more` : undefined }, px, py);
    this.emit("hover", { step });
  }

  private left(): void {
    if (this.at === null) return;
    this.at = null;
    this.tooltip.hide();
    this.later("hover");
    this.emit("hover", { step: null });
  }

  private clicked(px: number): void {
    const i = this.scale && this.data ? this.indexAt(px) : null;
    if (i !== null) this.emit("click", { step: this.data!.steps[i]! });
  }

  private zoomByUser(range: [number, number] | null): void {
    this.zoom(range);
    if (this.range) this.scale = makeScale(this.range[0], this.range[1], this.scale!.from, this.scale!.to);
    this.emit("zoom", { range: this.range });
  }

  private key(key: string): boolean {
    const plot = this.plot();
    if (!plot) return false;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const by = key === "ArrowLeft" ? -1 : 1;
      const next = Math.min(Math.max((this.at ?? (by > 0 ? -1 : this.data!.steps.length)) + by, 0), this.data!.steps.length - 1);
      this.pointed(Math.min(this.scale!.at(this.data!.steps[next]!) + 0.01, plot.x + plot.width), plot.y + 4);
      return true;
    }
    if (key === "0" || (key === "Escape" && this.range)) {
      this.zoomByUser(null);
      return true;
    }
    return false;
  }
}

/** Neighbouring columns in the same state. */
function* runsOf(columns: Uint8Array): Generator<[number, number]> {
  for (let from = 0; from < columns.length; ) {
    let to = from + 1;
    while (to < columns.length && columns[to] === columns[from]) ++to;
    yield [from, to];
    from = to;
  }
}

/** Strokes from lower left to upper right, every four pixels of the whole strip, cut at the rectangle. */
function addHatch(points: number[], x0: number, x1: number, y: number): void {
  for (let c = Math.ceil((x0 - ROW) / 4) * 4; c < x1; c += 4) {
    const from = Math.max(0, x0 - c), to = Math.min(ROW, x1 - c);
    if (to > from) points.push(c + from, y + ROW - from, c + to, y + ROW - to, NaN, NaN);
  }
}
