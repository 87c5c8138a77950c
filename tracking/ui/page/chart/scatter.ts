// Two values of each run against each other, with the correlation of their ranks.
import { padded, type AxisKind } from "./axis";
import { Chart, type Picture, type Size } from "./chart";
import { colourOf, hexOf, toneChannels } from "./colours";
import { Range } from "./decimate";
import type { Cell, Rows } from "./export";
import { crisp, drawFrame, layFrame, type Frame, type FrameSpec } from "./frame";
import { spearman, type Correlation } from "./ranks";
import { Scene, type Item } from "./scene";
import { plural, countText, numberText } from "./text";

export interface ScatterData {
  xLabel: string;
  yLabel: string;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  xKind?: AxisKind;
  ids: readonly string[];
  /** Names of the runs; their ids where there are none. */
  labels?: readonly string[];
  log: { x: boolean; y: boolean };
  /** Numbers for viridis, from the least to the greatest; without them `slots`, else all alike. */
  colour?: { label: string; values: ArrayLike<number> };
  slots?: readonly (number | string)[];
}

export interface ScatterEvents {
  hover: { run: string | null };
  click: { run: string };
}

/** More points than this are small squares, which cost a tenth of a disc. */
const DISCS_UP_TO = 3000;
const REACH = 14;

export class ScatterChart extends Chart<ScatterData, ScatterEvents> {
  private frame: Frame | null = null;
  private hovered: number | null = null;
  private lit: string | null = null;
  private correlation: Correlation = { rho: NaN, n: 0 };
  private place = new Float64Array(0);
  private readonly off = new AbortController();

  constructor(element: HTMLElement) {
    super(element);
    this.listen((x, y) => this.pointed(x, y), () => this.hover(null), () => {
      if (this.hovered !== null) this.emit("click", { run: this.data!.ids[this.hovered]! });
    }, this.off.signal);
  }

  highlight(run: string | null): void {
    this.lit = run;
    this.later("hover");
  }

  override destroy(): void {
    this.off.abort();
    super.destroy();
  }

  protected override changed({ x, y }: ScatterData): void {
    this.correlation = spearman(x, y);
    this.hovered = null;
    this.tooltip.hide();
  }

  protected title(): string {
    const { xLabel, yLabel } = this.data!;
    const { rho, n } = this.correlation;
    return `${yLabel} over ${xLabel}: ${plural(n, "run")}, rank correlation ${numberText(rho, 2)}`;
  }

  protected rows(most: number): Rows {
    const { xLabel, yLabel, x, y, ids, labels, colour } = this.data!;
    const shown = ids.slice(0, most);
    const thin = shown.length < ids.length ? `, the first ${countText(shown.length)} of ${countText(ids.length)} runs` : "";
    return { caption: `${yLabel} over ${xLabel}${thin}`, header: ["run", xLabel, yLabel, ...(colour ? [colour.label] : [])],
      rows: shown.map((id, i): Cell[] => [labels?.[i] ?? id, x[i]!, y[i]!, ...(colour ? [colour.values[i]!] : [])]) };
  }

  private spec(): FrameSpec {
    const { xLabel, yLabel, x, y, xKind, log } = this.data!;
    const { rho, n } = this.correlation;
    const notes: string[] = [];
    const axis = (values: ArrayLike<number>, others: ArrayLike<number>, wanted: boolean, name: string): { low: number; high: number; log: boolean } => {
      // What has no partner isn't shown, and takes no room.
      const paired = Float64Array.from(values, (value, i) => (others[i]! - others[i]! === 0 ? value : NaN));
      const range = new Range();
      range.add(paired, [0, paired.length]);
      const all = range.all();
      const positive = wanted && all.low > 0;
      if (wanted && !positive && all.notPositive > 0) notes.push(`${name} not logarithmic: ${plural(all.notPositive, "value")} ≤ 0`);
      const [low, high] = padded(all.low, all.high, positive);
      return { low, high, log: positive };
    };
    const xs = axis(x, y, log.x, "x"), ys = axis(y, x, log.y, "y");
    const of = n < x.length ? ` of ${countText(x.length)}` : "";
    notes.unshift(`rank correlation ${Number.isNaN(rho) ? "undefined" : numberText(Number(rho.toFixed(2)))}, N ${countText(n)}${of}`);
    return { title: yLabel, notes, locked: false, empty: n === 0 ? "both" : undefined,
      x: { ...xs, kind: xKind ?? "number", label: xLabel }, y: { ...ys, kind: "number", label: "" } };
  }

  protected picture(size: Size): Picture {
    const spec = this.spec();
    const frame = (this.frame = layFrame(spec, size.width, size.height, this.palette));
    const base = new Scene();
    drawFrame(base, spec, frame, size.width, this.palette);
    const { x, y } = this.data!;
    this.place = new Float64Array(2 * x.length);
    for (let i = 0; i < x.length; ++i) {
      this.place[2 * i] = frame.sx.at(x[i]!);
      this.place[2 * i + 1] = frame.sy.at(y[i]!);
    }
    const scene = new Scene();
    if (spec.empty) scene.text(frame.plot.x + frame.plot.width / 2, frame.plot.y + frame.plot.height / 2, "No run has both values", { size: 12, fill: this.palette.muted, align: "middle" });
    this.drawPoints(scene);
    return { base: base.items, data: scene.items };
  }

  /** Points of one colour in one primitive. */
  private drawPoints(scene: Scene): void {
    const colours = this.colours();
    const byColour = new Map<string, number[]>();
    const count = this.data!.x.length;
    for (let i = 0; i < count; ++i) {
      const px = this.place[2 * i]!, py = this.place[2 * i + 1]!;
      if (!(px - px === 0) || !(py - py === 0)) continue;
      const points = byColour.get(colours(i)) ?? [];
      byColour.set(colours(i), points);
      points.push(px, py);
    }
    const square = count > DISCS_UP_TO;
    for (const [colour, points] of byColour) scene.dots(points, square ? 1.5 : count > 500 ? 2.5 : 3.5, colour, 0.75, square);
  }

  private colours(): (i: number) => string {
    const { colour, slots } = this.data!;
    if (!colour) return (i) => (slots ? colourOf(slots[i]!, this.palette) : this.palette.accent);
    const range = new Range();
    range.add(colour.values, [0, colour.values.length]);
    const { low, high } = range.all();
    // Thirty-two tones: as many as one tells apart, and few primitives.
    return (i) => {
      const t = (colour.values[i]! - low) / (high - low || 1);
      return t - t === 0 ? hexOf(toneChannels(Math.round(31 * t) / 31, this.palette)) : this.palette.faint;
    };
  }

  protected override dimmed(): number {
    return this.lit !== null && this.data!.ids.includes(this.lit) ? 0.35 : 1;
  }

  protected overlay(): Item[] {
    const scene = new Scene();
    const lit = this.lit === null ? -1 : this.data!.ids.indexOf(this.lit);
    const colours = this.colours();
    for (const i of new Set([lit, this.hovered ?? -1])) {
      const x = this.place[2 * i]!, y = this.place[2 * i + 1]!;
      if (i < 0 || !(x - x === 0) || !(y - y === 0)) continue;
      const { plot } = this.frame!;
      scene.line([plot.x, crisp(y), x, crisp(y), NaN, NaN, crisp(x), y, crisp(x), plot.y + plot.height], { stroke: this.palette.faint, width: 1, dash: [2, 3] });
      scene.dots([x, y], 6.5, this.palette.ink);
      scene.dots([x, y], 5, colours(i));
    }
    return scene.items;
  }

  private pointed(px: number, py: number): void {
    let best = -1, least = REACH * REACH;
    for (let i = 0; 2 * i < this.place.length; ++i) {
      const dx = this.place[2 * i]! - px, dy = this.place[2 * i + 1]! - py;
      const distance = dx * dx + dy * dy;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    this.hover(best < 0 ? null : best);
    if (best >= 0) this.showTooltip(best, px, py);
  }

  private showTooltip(i: number, px: number, py: number): void {
    const { xLabel, yLabel, x, y, ids, labels, colour } = this.data!;
    const rows = [{ label: xLabel, value: numberText(x[i]!) }, { label: yLabel, value: numberText(y[i]!) }];
    if (colour) rows.push({ label: colour.label, value: numberText(colour.values[i]!) });
    this.tooltip.show({ head: labels?.[i] ?? ids[i]!, rows }, px, py);
  }

  private hover(i: number | null): void {
    if (i === null) this.tooltip.hide();
    if (i === this.hovered) return;
    this.hovered = i;
    this.later("hover");
    this.emit("hover", { run: i === null ? null : this.data!.ids[i]! });
  }
}
