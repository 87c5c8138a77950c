// Curves of many runs over one axis: the chart that pages are made of.
import { makeScale, valueText } from "./axis";
import { Chart, type Picture, type Size } from "./chart";
import { dashFor, drawCurve, drawFalls, drawMarks, drawNotFinite, drawQuantiles, pointNear, strokeFor, strokeOf, type Pen } from "./curves_draw";
import { Ascending, COLUMNS_UP_TO, CURVES_UP_TO, isBand, MARKS_UP_TO, viewOf, xOf, type Curve, type CurvesData, type View } from "./curves_data";
import { curveRows } from "./curves_rows";
import type { Rows } from "./export";
import { clipOf } from "./forms";
import { crisp, drawFrame, layFrame, TICK, type Frame, type FrameSpec } from "./frame";
import { PointerControl } from "./pointer";
import { Scene, textWidth, type Box, type Item } from "./scene";
import { alignedTexts, countText, numberText } from "./text";
import type { TooltipRow } from "./tooltip";

export type { Curve, CurvesData, Mark, MarkKind } from "./curves_data";

export interface CurvesOptions {
  /** Range of y that stays whatever is shown. */
  locked?: readonly [number, number];
}

export interface CurvesHover {
  /** Null when the pointer left. */
  x: number | null;
  run: string | null;
  curve: string | null;
}

export interface CurvesEvents {
  hover: CurvesHover;
  /** By the user, not by zoom(). */
  zoom: { range: [number, number] | null };
  click: CurvesHover;
}

interface Near {
  curve: Curve;
  index: number;
  x: number;
  y: number;
  distance: number;
}

const MOST_ROWS = 8;
/** Within so many pixels of the pointer a curve counts as hovered. */
const REACH = 24;

export class CurvesChart extends Chart<CurvesData, CurvesEvents> {
  private range: [number, number] | null = null;
  private locked: readonly [number, number] | null;
  private run: string | null = null;
  private hoveredCurve: string | null = null;
  /** Of this chart's pointer, or of a chart that is linked with it. */
  private cross: { x: number; y: number | null } | null = null;
  private selection: [number, number] | null = null;
  /** Where the pointer is, for a tooltip that stays true while a run goes on. */
  private pointerAt: [number, number] | null = null;
  private frame: Frame | null = null;
  private view: View | null = null;
  private readonly ascending = new Ascending();
  private readonly pointer: PointerControl;

  constructor(element: HTMLElement, options: CurvesOptions = {}) {
    super(element);
    this.locked = options.locked ?? null;
    this.layers.root.tabIndex = 0;
    this.pointer = new PointerControl(this.layers.root, {
      plot: () => this.frame?.plot ?? null,
      move: (x, y) => this.pointed(x, y),
      leave: () => this.left(),
      selecting: (range) => this.selecting(range),
      select: (range) => this.zoomByUser([this.frame!.sx.value(range[0]), this.frame!.sx.value(range[1])]),
      pan: (by) => this.panned(by),
      reset: () => this.zoomByUser(null),
      click: (x, y) => this.clicked(x, y),
      key: (key) => this.key(key),
    });
  }

  /** The run whose curves stand out, all others at a fifth of their strength. */
  highlight(run: string | null): void {
    if (run === this.run && !this.hoveredCurve) return;
    this.run = run;
    this.hoveredCurve = null;
    this.later("hover");
  }

  /** Keeps this range of y whatever is shown, or none. */
  lockY(range: readonly [number, number] | null): void {
    this.locked = range;
    this.later("all");
  }

  /** The range of y that is shown. */
  shownY(): readonly [number, number] | null {
    return this.view && this.view.y;
  }

  /** A line at x, as the pointer draws it. */
  crosshair(x: number | null): void {
    this.cross = x === null ? null : { x, y: null };
    this.pointerAt = null;
    if (x === null) this.tooltip.hide();
    this.later("hover");
  }

  /** Shows this range of x, or all. */
  zoom(range: readonly [number, number] | null): void {
    this.range = range && range[1] > range[0] ? [range[0], range[1]] : null;
    // The pointer's next event may come before the next frame.
    if (this.frame && this.data) {
      const { x, log } = xOf(this.data, this.range);
      const { plot } = this.frame;
      this.frame = { ...this.frame, sx: makeScale(x[0], x[1], plot.x, plot.x + plot.width, log) };
    }
    this.later("all");
  }

  override destroy(): void {
    this.pointer.destroy();
    super.destroy();
  }

  protected title(): string {
    const { title, curves, xLabel } = this.data!;
    return `${title} over ${xLabel}: ${countText(curves.length)} ${curves.length === 1 ? "curve" : "curves"}`;
  }

  protected rows(most: number): Rows {
    return curveRows(this.data!, most);
  }

  private spec(): FrameSpec {
    const data = this.data!;
    const view = (this.view = viewOf(data, this.range, this.locked, this.ascending));
    const notes = [...view.notes];
    if (data.curves.length > CURVES_UP_TO) notes.unshift(`${countText(data.curves.length)} curves: median, 50 %, 90 %, all`);
    return {
      title: data.title, unit: data.unit, notes, locked: this.locked !== null, empty: view.empty ? (this.hasPoints() ? "y" : "both") : undefined,
      x: { low: view.x[0], high: view.x[1], log: view.log.x, kind: data.xKind, label: data.xLabel },
      y: { low: view.y[0], high: view.y[1], log: view.log.y, kind: "number", label: "" },
    };
  }

  private pen(scene: Scene): Pen {
    const { plot, sx, sy } = this.frame!;
    return { scene, plot, sx, sy, palette: this.palette, ratio: this.layers.ratio, ascending: this.ascending, forms: this.hasForms() };
  }

  /** Under the system's few colours, curves that only a colour would tell apart have forms as well. */
  private hasForms(): boolean {
    const curves = this.data!.curves;
    return this.palette.forced === true && curves.length <= COLUMNS_UP_TO && curves.some((curve) => curve.colour !== curves[0]!.colour);
  }

  protected picture(size: Size): Picture {
    const data = this.data!;
    const spec = this.spec();
    this.frame = layFrame(spec, size.width, size.height, this.palette);
    const base = new Scene();
    drawFrame(base, spec, this.frame, size.width, this.palette);
    if (this.view!.empty) this.drawEmpty(base);
    const scene = new Scene();
    const pen = this.pen(scene);
    const many = data.curves.length > CURVES_UP_TO;
    scene.group(this.clip(3), 1, () => (many ? drawQuantiles(pen, data.curves) : this.drawCurves(pen, data)));
    scene.group(this.clip(5), 1, () => this.drawGlyphs(pen, data));
    if (this.pointerAt && !this.selection) this.showTooltip(this.nearest(...this.pointerAt), ...this.pointerAt);
    return { base: base.items, data: scene.items };
  }

  /** A little beyond the plot, so that what lies on its border keeps its width. */
  private clip(room: number): Box {
    const { x, y, width, height } = this.frame!.plot;
    return { x: x - room, y: y - room, width: width + 2 * room, height: height + 2 * room };
  }

  private hasPoints(): boolean {
    return this.data!.curves.some((curve) => curve.x.length > 0);
  }

  private drawEmpty(scene: Scene): void {
    const { plot } = this.frame!;
    const text = this.hasPoints() ? "No finite value here" : "No points yet";
    scene.text(plot.x + plot.width / 2, plot.y + plot.height / 2, text, { size: 12, fill: this.palette.muted, align: "middle" });
  }

  private drawCurves(pen: Pen, data: CurvesData): void {
    const { curves } = data;
    const stroke = strokeFor(curves.length, pen.ratio);
    for (const curve of curves) drawCurve(pen, data, curve, stroke);
  }

  private drawGlyphs(pen: Pen, data: CurvesData): void {
    const { curves } = data;
    drawNotFinite(pen, curves, curves.length <= COLUMNS_UP_TO);
    if (new Set(curves.map((curve) => curve.run || curve.id)).size > MARKS_UP_TO) return;
    for (const curve of curves) {
      if (isBand(curve, data)) drawFalls(pen, curve, curves.length <= 3);
      drawMarks(pen, curve);
    }
  }

  /** Curves that stand out now. */
  private highlighted(): Curve[] {
    const curves = this.data?.curves ?? [];
    if (this.hoveredCurve !== null) return curves.filter((curve) => curve.id === this.hoveredCurve);
    return this.run === null ? [] : curves.filter((curve) => curve.run === this.run);
  }

  protected override dimmed(): number {
    const count = this.data!.curves.length;
    if (count <= 1 || this.highlighted().length === 0) return 1;
    // Quantiles stay readable behind the one curve on top of them.
    return count > CURVES_UP_TO ? 0.6 : 0.2;
  }

  protected overlay(): Item[] {
    const scene = new Scene();
    const data = this.data;
    if (!data || !this.frame) return scene.items;
    const pen = this.pen(scene);
    const lit = data.curves.length > 1 ? this.highlighted() : [];
    scene.group(this.clip(3), 1, () => {
      for (const curve of lit) drawCurve(pen, data, curve, { width: 1.75, column: 1 / pen.ratio, pairs: false });
    });
    scene.group(this.clip(5), 1, () => {
      for (const curve of lit) drawMarks(pen, curve);
      drawNotFinite(pen, lit, true);
    });
    if (this.selection) this.drawSelection(scene);
    else if (this.cross) this.drawCross(scene, data, lit);
    return scene.items;
  }

  private drawSelection(scene: Scene): void {
    const { plot } = this.frame!;
    const [a, b] = this.selection!;
    scene.rect({ x: a, y: plot.y, width: b - a, height: plot.height }, this.palette.accent, 0.14);
    scene.line([crisp(a), plot.y, crisp(a), plot.y + plot.height, NaN, NaN, crisp(b), plot.y, crisp(b), plot.y + plot.height], { stroke: this.palette.accent, width: 1 });
  }

  private drawCross(scene: Scene, data: CurvesData, lit: readonly Curve[]): void {
    const { plot, sx, sy } = this.frame!;
    const x = sx.at(this.cross!.x);
    if (!(x >= plot.x - 1 && x <= plot.x + plot.width + 1)) return;
    const bottom = plot.y + plot.height;
    scene.line([crisp(x), plot.y, crisp(x), bottom], { stroke: this.palette.faint, width: 1 });
    this.drawCrossLabel(scene, x, bottom, data);
    const curves = lit.length > 0 ? lit : data.curves.length <= MARKS_UP_TO ? data.curves : [];
    for (const curve of curves) {
      const i = pointNear({ sx, sy, ascending: this.ascending }, curve, this.cross!.x, this.cross!.y);
      if (i < 0) continue;
      const px = sx.at(curve.x[i]!), py = sy.at(curve.y[i]!);
      if (!(py >= plot.y - 1 && py <= bottom + 1)) continue;
      scene.dots([px, py], 4.5, this.palette.bg);
      scene.dots([px, py], 3, strokeOf(curve, this.palette));
    }
  }

  private drawCrossLabel(scene: Scene, x: number, bottom: number, data: CurvesData): void {
    const { plot } = this.frame!;
    const text = valueText(this.roundedX(this.cross!.x), data.xKind);
    const width = textWidth(text, { size: TICK, fill: "" }, this.palette) + 10;
    const left = Math.min(Math.max(x - width / 2, plot.x), plot.x + plot.width - width);
    scene.rect({ x: left - 4, y: bottom + 4, width: width + 8, height: 18 }, this.palette.bg);
    scene.rect({ x: left, y: bottom + 4, width, height: 18 }, this.palette.ink);
    scene.text(left + width / 2, bottom + 17, text, { size: TICK, fill: this.palette.bg, align: "middle" });
  }

  /** A step is whole; of other x, digits finer than a pixel say nothing. */
  private roundedX(x: number): number {
    const { plot, sx } = this.frame!;
    if (this.data!.xKind === "step") return Math.round(x);
    if (sx.log) return Number(x.toPrecision(4));
    const pixel = Math.abs(sx.high - sx.low) / plot.width;
    const unit = 10 ** Math.floor(Math.log10(pixel));
    return Number((Math.round(x / unit) * unit).toPrecision(12));
  }

  private nearest(px: number, py: number): Near[] {
    const { sx, sy } = this.frame!;
    const x = sx.value(px);
    const near: Near[] = [];
    for (const curve of this.data!.curves) {
      const index = pointNear({ sx, sy, ascending: this.ascending }, curve, x, py);
      if (index < 0) continue;
      const y = sy.at(curve.y[index]!);
      near.push({ curve, index, x: sx.at(curve.x[index]!), y, distance: y - y === 0 ? Math.abs(y - py) : 1e6 });
    }
    return near.sort((a, b) => a.distance - b.distance);
  }

  private pointed(px: number, py: number): void {
    const frame = this.frame;
    if (!frame || !this.data) return;
    const { plot } = frame;
    if (px < plot.x - 4 || px > plot.x + plot.width + 4 || py < plot.y - 4 || py > plot.y + plot.height + 4) {
      this.left();
      return;
    }
    const near = this.nearest(px, py);
    const first = near[0];
    // The line stands on a point, so that what it says is a value that was logged.
    const snapped = first && Math.abs(first.x - px) <= 40 ? first.curve.x[first.index]! : frame.sx.value(px);
    this.cross = { x: snapped, y: py };
    this.pointerAt = [px, py];
    const hovered = first && first.distance <= REACH && this.data.curves.length > 1 ? first.curve : null;
    this.hoveredCurve = hovered?.id ?? null;
    this.showTooltip(near, px, py);
    this.later("hover");
    this.emit("hover", { x: snapped, run: hovered?.run ?? null, curve: hovered?.id ?? null });
  }

  private showTooltip(near: readonly Near[], px: number, py: number): void {
    const data = this.data!;
    if (near.length === 0 || !this.cross) {
      this.tooltip.hide();
      return;
    }
    const shown = near.slice(0, MOST_ROWS);
    const texts = alignedTexts(shown.map(({ curve, index }) => curve.y[index]!));
    const rows = shown.map((n, k) => this.tooltipRow(n, texts[k]!, data));
    const more = near.length - rows.length;
    const head = `${data.xLabel} ${valueText(this.cross.x, data.xKind)}`;
    this.tooltip.show({ head, rows, foot: more > 0 ? `and ${countText(more)} more` : undefined }, px, py);
  }

  private tooltipRow({ curve, index }: Near, text: string, data: CurvesData): TooltipRow {
    const low = curve.low?.[index], high = curve.high?.[index];
    let value = text;
    if (isBand(curve, data)) {
      value += data.band === "sd" ? ` ± ${numberText((high! - low!) / 2, 3)}` : ` [${numberText(low!, 4)}, ${numberText(high!, 4)}]`;
      value += `  N ${curve.n![index]!}`;
    } else if (low !== undefined && high !== undefined && high > low) {
      value += `  [${numberText(low, 4)}, ${numberText(high, 4)}]`;
    }
    const form = this.hasForms() && typeof curve.colour === "number" ? clipOf(curve.colour) : undefined;
    return { colour: strokeOf(curve, this.palette), label: curve.label, value, strong: curve.id === this.hoveredCurve, dash: dashFor(curve).length > 0, form };
  }

  private left(): void {
    this.pointerAt = null;
    if (!this.cross && !this.hoveredCurve) return;
    this.cross = null;
    this.hoveredCurve = null;
    this.tooltip.hide();
    this.later("hover");
    this.emit("hover", { x: null, run: null, curve: null });
  }

  private selecting(range: [number, number] | null): void {
    if (range === this.selection) return;
    this.selection = range;
    if (range) this.tooltip.hide();
    this.later("hover");
  }

  private zoomByUser(range: [number, number] | null): void {
    this.zoom(range);
    this.emit("zoom", { range: this.range });
  }

  private panned(by: number): void {
    const { plot, sx } = this.frame!;
    this.zoomByUser([sx.value(plot.x - by), sx.value(plot.x + plot.width - by)]);
  }

  private clicked(px: number, py: number): void {
    const near = this.frame && this.data ? this.nearest(px, py)[0] : undefined;
    const hit = near && near.distance <= REACH ? near.curve : null;
    this.emit("click", { x: this.cross?.x ?? null, run: hit?.run ?? null, curve: hit?.id ?? null });
  }

  /** Arrows move the line, + and − zoom about it, 0 and Escape show all. */
  private key(key: string): boolean {
    const frame = this.frame;
    if (!frame) return false;
    const { plot, sx, sy } = frame;
    const at = this.cross ? sx.at(this.cross.x) : plot.x + plot.width / 2;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const to = Math.min(Math.max(at + (key === "ArrowLeft" ? -1 : 1) * Math.max(2, plot.width / 100), plot.x), plot.x + plot.width);
      this.pointed(to, this.cross?.y ?? (sy.from + sy.to) / 2);
      return true;
    }
    if (key === "+" || key === "-") {
      const factor = key === "+" ? 0.5 : 2;
      this.zoomByUser([sx.value(at + (plot.x - at) * factor), sx.value(at + (plot.x + plot.width - at) * factor)]);
      return true;
    }
    if (key === "0" || (key === "Escape" && this.range)) {
      this.zoomByUser(null);
      return true;
    }
    return false;
  }
}
