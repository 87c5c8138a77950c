// Parallel coordinates: a line for each run across axes of parameters and results.
import { numberText } from "./text";
import { Chart, type Picture, type Size } from "./chart";
import { channels, toneChannels } from "./colours";
import { drawDensity, type DensityLines } from "./density";
import type { Cell, Rows } from "./export";
import { crisp, TICK } from "./frame";
import { AxisHeads } from "./parallel_heads";
import { axisTicks, brushesOf, layAxis, letThrough, rangeOf, roundedBorder, scaleOf, type Brush, type LaidAxis, type ParallelData, type Ranges } from "./parallel_data";
import { fitted, Scene, textWidth, type Item, type Pixels } from "./scene";
import type { Scale } from "./axis";
import { plural, countText } from "./text";

export type { Brush, ParallelAxis, ParallelData } from "./parallel_data";

/** How axes stand: their order by name, which are logarithmic, which upside down. */
export interface AxesState {
  order: string[];
  log: string[];
  flip: string[];
}

export interface ParallelEvents {
  brush: { brushes: Brush[]; ids: string[] };
  axes: AxesState;
  hover: { run: string | null };
  click: { run: string };
}

/** More lines than this are drawn by their density. */
const LINES_UP_TO = 600;
const TOP = 58, BOTTOM = 46, SIDE = 56;
const TONES = 64;
/** Pixels beside an axis within which a drag brushes it. */
const GRIP = 14;

interface Place {
  laid: LaidAxis;
  x: number;
  scale: Scale;
}

export class ParallelChart extends Chart<ParallelData, ParallelEvents> {
  private axes: LaidAxis[] = [];
  /** What the user or arrange() made of the axes, which outlives new data. */
  private state: AxesState | null = null;
  private places: Place[] = [];
  private readonly ranges: Ranges = new Map();
  private through = new Uint8Array(0);
  private tones = new Uint8Array(0);
  private colours: [number, number, number][] = [];
  private hovered: number | null = null;
  private lit: string | null = null;
  private drag: { place: Place; from: number; to: number; pointer: number } | null = null;
  private readonly heads: AxisHeads;
  private readonly off = new AbortController();

  constructor(element: HTMLElement) {
    super(element);
    const { root } = this.layers;
    root.setAttribute("role", "group");
    this.heads = new AxisHeads(root, (name, change) => this.changeAxis(name, change));
    const options = { signal: this.off.signal };
    root.addEventListener("pointerdown", (e) => this.pressed(e), options);
    root.addEventListener("pointermove", (e) => this.moved(e), options);
    root.addEventListener("pointerup", (e) => this.released(e), options);
    root.addEventListener("pointercancel", () => this.endDrag(), options);
    root.addEventListener("pointerleave", () => !this.drag && this.hover(null), options);
  }

  highlight(run: string | null): void {
    this.lit = run;
    this.later("hover");
  }

  /** Brushes these axes and no others, without an event. */
  brush(brushes: readonly Brush[]): void {
    this.ranges.clear();
    for (const brush of brushes) {
      const laid = this.axes.find((each) => each.axis.name === brush.axis);
      const range = laid ? rangeOf(laid, brush) : null;
      if (range) this.ranges.set(brush.axis, range);
    }
    this.brushed(false);
  }

  /** Puts axes into this order; names that are missing stay behind in theirs. */
  arrange(state: AxesState): void {
    this.state = state;
    const place = (laid: LaidAxis): number => {
      const at = state.order.indexOf(laid.axis.name);
      return at < 0 ? state.order.length : at;
    };
    this.axes = this.axes
      .map((laid) => layAxis(laid.axis, state.log.includes(laid.axis.name), state.flip.includes(laid.axis.name)))
      .map((laid, k) => ({ laid, k }))
      .sort((a, b) => place(a.laid) - place(b.laid) || a.k - b.k)
      .map(({ laid }) => laid);
    this.later("all");
  }

  override destroy(): void {
    this.off.abort();
    this.heads.destroy();
    super.destroy();
  }

  protected override changed(data: ParallelData): void {
    this.hovered = null;
    this.axes = data.axes.map((axis) => layAxis(axis, axis.log ?? false, axis.flip ?? false));
    if (this.state) this.arrange(this.state);
    this.through = letThrough(this.axes, this.ranges, data.ids.length);
  }

  /** Viridis for numbers, the series' colours for categories, one colour where nothing is chosen. */
  private colourLines(data: ParallelData): void {
    const chosen = data.colourBy === undefined || data.colourBy === null ? undefined : data.axes[data.colourBy];
    const by = this.axes.find((laid) => laid.axis === chosen);
    this.tones = new Uint8Array(data.ids.length);
    const grey = channels(this.palette.faint);
    if (!by) {
      this.colours = [channels(this.palette.series[0]!)];
    } else if (by.axis.kind === "category") {
      this.colours = [...this.palette.series.map(channels), grey];
      by.numbers.forEach((k, i) => (this.tones[i] = k === k ? k % this.palette.series.length : this.colours.length - 1));
    } else {
      this.colours = [...Array.from({ length: TONES }, (_, k) => toneChannels(k / (TONES - 1), this.palette)), grey];
      const scale = scaleOf({ ...by, flip: false }, TONES - 1, 0);
      by.numbers.forEach((v, i) => (this.tones[i] = v === v ? Math.round(Math.min(Math.max(scale.at(v), 0), TONES - 1)) : TONES));
    }
  }

  protected title(): string {
    const { ids } = this.data!;
    return `${plural(ids.length, "run")} over ${this.axes.map((laid) => laid.axis.name).join(", ")}`;
  }

  protected rows(most: number): Rows {
    const { ids, labels } = this.data!;
    const kept = ids.map((_, i) => i).filter((i) => this.through[i] === 1);
    const shown = kept.slice(0, most);
    const thin = shown.length < ids.length ? `${countText(shown.length)} of ${countText(ids.length)} runs` : plural(ids.length, "run");
    return { caption: thin, header: ["run", ...this.axes.map((laid) => laid.axis.name)],
      rows: shown.map((i): Cell[] => [labels?.[i] ?? ids[i]!, ...this.axes.map(({ axis }) => cellOf(axis.values[i]))]) };
  }

  protected picture(size: Size): Picture {
    const top = TOP, bottom = Math.max(size.height - BOTTOM, top + 40);
    const step = this.axes.length > 1 ? (size.width - 2 * SIDE) / (this.axes.length - 1) : 0;
    this.places = this.axes.map((laid, k) => ({ laid, x: this.axes.length > 1 ? SIDE + k * step : size.width / 2, scale: scaleOf(laid, top, bottom) }));
    this.colourLines(this.data!);
    const base = new Scene();
    this.drawHeads(base, step || size.width);
    const scene = new Scene();
    const through = this.through.reduce((sum, one) => sum + one, 0);
    if (this.data!.ids.length > LINES_UP_TO) this.drawDense(scene, size, through);
    else this.drawFaint(scene);
    if (through <= LINES_UP_TO) this.drawLines(scene, through);
    this.heads.lay(this.places.map(({ laid, x }) => ({ name: laid.axis.name, x, log: laid.log, flip: laid.flip, number: laid.axis.kind === "number", note: laid.note })), step || size.width, size.height - 26);
    const ticks = new Scene();
    this.drawAxes(ticks, step || size.width);
    return { base: base.items, data: scene.items, top: ticks.items };
  }

  private drawHeads(scene: Scene, step: number): void {
    const { data } = this;
    const through = this.through.reduce((sum, one) => sum + one, 0);
    const said = this.ranges.size > 0 ? `${countText(through)} of ${plural(data!.ids.length, "run")}` : plural(data!.ids.length, "run");
    scene.text(0, 15, said, { size: 12, fill: this.palette.muted });
    for (const { laid, x } of this.places) {
      const style = { size: 12, weight: 600, fill: this.palette.ink };
      const name = fitted(laid.axis.name, Math.max(step - 12, 40), style, this.palette);
      const half = textWidth(name, style, this.palette) / 2;
      scene.text(Math.max(x, half), 40, name, { ...style, align: "middle" });
    }
  }

  /** Of each line the row on an axis; below the axis where it has no value there. */
  private rowsOf(place: Place, missing: number): Float32Array {
    const rows = new Float32Array(place.laid.numbers.length);
    place.laid.numbers.forEach((value, i) => {
      const row = place.scale.at(value);
      rows[i] = row - row === 0 ? row : missing;
    });
    return rows;
  }

  /** Where lines without a value pass. */
  private missingRow(): number {
    const scale = this.places[0]!.scale;
    return Math.max(scale.from, scale.to) + 12;
  }

  private drawLines(scene: Scene, through: number): void {
    const alpha = through > 100 ? 0.55 : 0.85;
    const grey = this.data!.colourBy === undefined || this.data!.colourBy === null ? -1 : this.colours.length - 1;
    // Runs that lack the value by which lines are coloured stay behind the others.
    for (const without of [true, false]) {
      for (const [i, points] of this.lines(1)) {
        if ((this.tones[i] === grey) === without) scene.line(points, { stroke: this.css(i), width: 1, alpha: without ? 0.3 : alpha });
      }
    }
  }

  /** The lines that a brush holds back. */
  private drawFaint(scene: Scene): void {
    const all: number[] = [];
    for (const [, points] of this.lines(0)) all.push(...points, NaN, NaN);
    scene.line(all, { stroke: this.palette.faint, width: 1, alpha: 0.15 });
  }

  private *lines(through: 0 | 1): Generator<[number, number[]]> {
    if (this.places.length < 2) return;
    const rows = this.places.map((place) => this.rowsOf(place, this.missingRow()));
    for (let i = 0; i < this.through.length; ++i) {
      if (this.through[i] === through) yield [i, rows.flatMap((row, k) => [this.places[k]!.x, row[i]!])];
    }
  }

  private css(i: number): string {
    const [r, g, b] = this.colours[this.tones[i]!]!;
    return `rgb(${r},${g},${b})`;
  }

  private drawDense(scene: Scene, size: Size, through: number): void {
    if (this.places.length < 2) return;
    const ratio = this.layers.ratio;
    const first = this.places[0]!, last = this.places[this.places.length - 1]!;
    const top = Math.min(first.scale.from, first.scale.to) - 1;
    const bottom = Math.min(this.missingRow() + 2, size.height);
    const pixels: Pixels = { width: Math.max(1, Math.round((last.x - first.x) * ratio)), height: Math.round((bottom - top) * ratio), data: new Uint8ClampedArray(0) };
    pixels.data = new Uint8ClampedArray(4 * pixels.width * pixels.height);
    const lines: DensityLines = {
      rows: this.places.map((place) => this.rowsOf(place, this.missingRow()).map((row) => (row - top) * ratio)),
      columns: this.places.map(({ x }) => (x - first.x) * ratio), shown: this.through, colour: this.tones,
    };
    const count = this.through.length;
    if (through < count) {
      const out = this.through.map((one) => 1 - one);
      drawDensity(pixels, { ...lines, shown: out, colour: new Uint8Array(count) }, { colours: [channels(this.palette.faint)], alpha: Math.min(0.1, 60 / count), most: 0.22 });
    }
    if (through > LINES_UP_TO) drawDensity(pixels, lines, { colours: this.colours, alpha: Math.min(0.6, Math.max(0.04, 150 / through)), most: 0.95 });
    scene.image({ x: first.x, y: top, width: last.x - first.x, height: bottom - top }, pixels);
  }

  private drawAxes(scene: Scene, step: number): void {
    const missing = this.missingRow();
    this.places.forEach(({ laid, x, scale }, k) => {
      const top = Math.min(scale.from, scale.to), bottom = Math.max(scale.from, scale.to);
      scene.line([crisp(x), top, crisp(x), bottom], { stroke: this.palette.ink, width: 1, alpha: 0.7 });
      if (laid.numbers.some((value) => !(value - value === 0))) this.drawLabel(scene, x, missing + 4, "none", false, step);
      const ticks = axisTicks(laid, scale);
      const end = k === this.places.length - 1 && this.places.length > 1;
      ticks.values.forEach((value, t) => this.drawLabel(scene, x, scale.at(value) + 4, ticks.texts[t]!, end, step));
      const range = this.ranges.get(laid.axis.name);
      if (range) this.drawBrush(scene, x, scale, range);
    });
  }

  /** A tick's text beside its axis, left of the last one right of it, on a ground that lines don't show through. */
  private drawLabel(scene: Scene, x: number, y: number, said: string, right: boolean, step: number): void {
    const style = { size: TICK, fill: this.palette.muted };
    const shown = fitted(said, Math.max(Math.min(step - 20, 160), 24), style, this.palette);
    const width = textWidth(shown, style, this.palette);
    const outside = right || (x === this.places[0]!.x && width < SIDE - 8);
    const left = right ? x + 6 : outside ? x - 6 - width : x + 6;
    if (!outside) scene.rect({ x: left - 2, y: y - 11, width: width + 4, height: 14 }, this.palette.bg, 0.85);
    scene.text(left, y, shown, style);
  }

  private drawBrush(scene: Scene, x: number, scale: Scale, range: readonly [number, number]): void {
    const clamp = (v: number): number => Math.min(Math.max(v, Math.min(scale.from, scale.to)), Math.max(scale.from, scale.to));
    const at = (v: number): number => clamp(v === -Infinity ? scale.from : v === Infinity ? scale.to : scale.at(v));
    const a = Math.min(at(range[0]), at(range[1])), b = Math.max(at(range[0]), at(range[1]));
    scene.rect({ x: x - 6, y: a, width: 12, height: Math.max(b - a, 2) }, this.palette.accent, 0.25);
    scene.rect({ x: crisp(x - 6), y: crisp(a), width: 12, height: Math.max(Math.round(b - a), 2) }, "none", 1, this.palette.accent);
  }

  protected override dimmed(): number {
    return this.litIndex() >= 0 ? 0.45 : 1;
  }

  private litIndex(): number {
    return this.hovered ?? (this.lit === null ? -1 : this.data!.ids.indexOf(this.lit));
  }

  protected overlay(): Item[] {
    const scene = new Scene();
    const i = this.litIndex();
    if (this.drag) {
      this.drawBrush(scene, this.drag.place.x, this.drag.place.scale, this.draggedRange());
    } else if (i >= 0 && this.places.length > 1) {
      const points = this.places.flatMap((place) => [place.x, this.rowsOf(place, this.missingRow())[i]!]);
      scene.line(points, { stroke: this.palette.bg, width: 5, alpha: 0.9 });
      scene.line(points, { stroke: this.css(i), width: 2.5 });
      scene.dots(points, 4, this.css(i));
    }
    return scene.items;
  }

  private place(e: PointerEvent): [number, number] {
    const box = this.layers.root.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  private axisAt(x: number, y: number): Place | undefined {
    const near = this.places.find((place) => Math.abs(place.x - x) <= GRIP);
    return near && y >= TOP - 8 && y <= Math.max(near.scale.from, near.scale.to) + 8 ? near : undefined;
  }

  private pressed(e: PointerEvent): void {
    if (e.button !== 0 || !(e.target instanceof HTMLCanvasElement)) return;
    const [x, y] = this.place(e);
    const place = this.axisAt(x, y);
    if (!place) return;
    this.drag = { place, from: y, to: y, pointer: e.pointerId };
    this.layers.root.setPointerCapture(e.pointerId);
    this.hover(null);
    e.preventDefault();
  }

  private moved(e: PointerEvent): void {
    const [x, y] = this.place(e);
    if (this.drag) {
      this.drag.to = y;
      this.later("hover");
      return;
    }
    this.layers.root.style.cursor = this.axisAt(x, y) ? "row-resize" : "";
    this.pointed(x, y);
  }

  private draggedRange(): [number, number] {
    const { place: { scale, laid }, from, to } = this.drag!;
    const clamp = (p: number): number => Math.min(Math.max(p, Math.min(scale.from, scale.to)), Math.max(scale.from, scale.to));
    const border = (p: number): number => (laid.axis.kind === "number" ? roundedBorder(scale.value(clamp(p)), scale) : scale.value(clamp(p)));
    const a = border(from), b = border(to);
    return [Math.min(a, b), Math.max(a, b)];
  }

  private released(e: PointerEvent): void {
    if (!this.drag) {
      if (this.hovered !== null && e.target instanceof HTMLCanvasElement) this.emit("click", { run: this.data!.ids[this.hovered]! });
      return;
    }
    const { place, from, to } = this.drag;
    const name = place.laid.axis.name;
    // A click on an axis takes its brush away.
    if (Math.abs(to - from) < 4) this.ranges.delete(name);
    else this.ranges.set(name, this.draggedRange());
    this.endDrag();
    this.brushed(true);
  }

  private endDrag(): void {
    this.drag = null;
    this.later("hover");
  }

  private brushed(byUser: boolean): void {
    if (!this.data) return;
    this.through = letThrough(this.axes, this.ranges, this.data.ids.length);
    this.later("all");
    if (byUser) this.emit("brush", { brushes: brushesOf(this.axes, this.ranges), ids: this.data.ids.filter((_, i) => this.through[i] === 1) });
  }

  private changeAxis(name: string, change: "log" | "flip" | number): void {
    const at = this.axes.findIndex((laid) => laid.axis.name === name);
    const laid = this.axes[at];
    if (!laid) return;
    if (change === "log") {
      this.axes[at] = layAxis(laid.axis, !laid.log, laid.flip);
    } else if (change === "flip") {
      this.axes[at] = layAxis(laid.axis, laid.log, !laid.flip);
    } else {
      this.axes.splice(at, 1);
      this.axes.splice(Math.min(Math.max(change, 0), this.axes.length), 0, laid);
    }
    this.later("all");
    const names = (of: (laid: LaidAxis) => boolean): string[] => this.axes.filter(of).map((each) => each.axis.name);
    this.state = { order: names(() => true), log: names((each) => each.log), flip: names((each) => each.flip) };
    this.emit("axes", this.state);
  }

  /** The line that passes nearest to the pointer, of those that the brushes let through. */
  private pointed(x: number, y: number): void {
    const right = this.places.findIndex((place) => place.x >= x);
    if (right <= 0) {
      this.hover(null);
      return;
    }
    const a = this.places[right - 1]!, b = this.places[right]!;
    const part = (x - a.x) / (b.x - a.x);
    const from = this.rowsOf(a, this.missingRow()), to = this.rowsOf(b, this.missingRow());
    let best = -1, least = 8;
    for (let i = 0; i < from.length; ++i) {
      const distance = Math.abs(from[i]! + (to[i]! - from[i]!) * part - y);
      if (this.through[i] === 1 && distance < least) {
        least = distance;
        best = i;
      }
    }
    this.hover(best < 0 ? null : best);
    if (best >= 0) this.showTooltip(best, x, y);
  }

  private showTooltip(i: number, x: number, y: number): void {
    const { ids, labels } = this.data!;
    const rows = this.axes.slice(0, 8).map(({ axis }) => ({ label: axis.name, value: saidOf(axis.values[i]) }));
    const more = this.axes.length - rows.length;
    this.tooltip.show({ head: labels?.[i] ?? ids[i]!, rows, foot: more > 0 ? `and ${plural(more, "axis", "axes")} more` : undefined }, x, y);
  }

  private hover(i: number | null): void {
    if (i === null) this.tooltip.hide();
    if (i === this.hovered) return;
    this.hovered = i;
    this.later("hover");
    this.emit("hover", { run: i === null ? null : this.data!.ids[i]! });
  }
}

function saidOf(value: number | string | boolean | null | undefined): string {
  if (value === null || value === undefined) return "none";
  return typeof value === "number" ? numberText(value) : String(value);
}

function cellOf(value: number | string | boolean | null | undefined): Cell {
  return value === undefined ? null : typeof value === "boolean" ? String(value) : value;
}
