// Histograms over steps as a heat map: a column each step, a row each bin, viridis for the share of the step's values.
import { valueText, type AxisKind } from "./axis";
import { Chart, type Picture, type Size } from "./chart";
import { viridisChannels } from "./colours";
import type { Cell, Rows } from "./export";
import { thinned } from "./export";
import { drawFrame, layFrame, TICK, type Frame, type FrameSpec } from "./frame";
import { upperBound } from "./decimate";
import { Scene, textWidth, type Item, type Pixels } from "./scene";
import { countText, numberText } from "./text";

export interface HeatData {
  title: string;
  unit?: string;
  xLabel?: string;
  xKind?: AxisKind;
  /** Ascending. */
  steps: ArrayLike<number>;
  /** One more than there are bins, ascending. */
  edges: ArrayLike<number>;
  /** For each step the number of values in each bin. */
  counts: readonly ArrayLike<number>[];
}

export interface HeatEvents {
  hover: { step: number | null; bin: number | null };
  click: { step: number };
}

/** Borders between the columns of steps: half way to each neighbour. */
export function columnBorders(steps: ArrayLike<number>): number[] {
  const n = steps.length;
  if (n === 0) return [];
  if (n === 1) return [steps[0]! - 0.5, steps[0]! + 0.5];
  const borders = [steps[0]! - (steps[1]! - steps[0]!) / 2];
  for (let i = 1; i < n; ++i) borders.push((steps[i - 1]! + steps[i]!) / 2);
  borders.push(steps[n - 1]! + (steps[n - 1]! - steps[n - 2]!) / 2);
  return borders;
}

const TONES = Array.from({ length: 256 }, (_, k) => viridisChannels(k / 255));

function totalOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; ++i) sum += counts[i]!;
  return sum;
}

export class HeatChart extends Chart<HeatData, HeatEvents> {
  private frame: Frame | null = null;
  private borders: number[] = [];
  private shares: Float64Array[] = [];
  private most = 0;
  private cell: { step: number; bin: number } | null = null;
  private readonly off = new AbortController();

  constructor(element: HTMLElement) {
    super(element);
    this.listen((x, y) => this.pointed(x, y), () => this.left(), () => {
      if (this.cell) this.emit("click", { step: this.data!.steps[this.cell.step]! });
    }, this.off.signal);
  }

  override destroy(): void {
    this.off.abort();
    super.destroy();
  }

  protected override changed(data: HeatData): void {
    this.cell = null;
    this.borders = columnBorders(data.steps);
    this.shares = data.counts.map((counts) => {
      const total = totalOf(counts);
      return Float64Array.from(counts, (count) => (total > 0 ? count / total : 0));
    });
    this.most = 0;
    for (const share of this.shares) for (const value of share) if (value > this.most) this.most = value;
  }

  protected title(): string {
    const { title, steps, edges } = this.data!;
    return `${title}: ${countText(steps.length)} histograms of ${countText(Math.max(edges.length - 1, 0))} bins`;
  }

  protected rows(most: number): Rows {
    const { title, steps, edges, counts, xLabel } = this.data!;
    const kept = thinned(steps.length, most);
    const thin = kept.length < steps.length ? `, ${countText(kept.length)} of ${countText(steps.length)} steps` : "";
    const bins = Array.from({ length: Math.max(edges.length - 1, 0) }, (_, k) => `${numberText(edges[k]!)} to ${numberText(edges[k + 1]!)}`);
    return { caption: `${title}${thin}`, header: [xLabel ?? "step", ...bins], rows: kept.map((i): Cell[] => [steps[i]!, ...Array.from(counts[i]!)]) };
  }

  private spec(): FrameSpec {
    const { title, unit, xLabel, xKind, edges } = this.data!;
    const empty = this.borders.length === 0 || edges.length < 2;
    return {
      title, unit, notes: [], locked: false, empty: empty ? "both" : undefined,
      x: { low: empty ? 0 : this.borders[0]!, high: empty ? 1 : this.borders[this.borders.length - 1]!, log: false, kind: xKind ?? "step", label: xLabel ?? "step" },
      y: { low: empty ? 0 : edges[0]!, high: empty ? 1 : edges[edges.length - 1]!, log: false, kind: "number", label: "" },
    };
  }

  protected picture(size: Size): Picture {
    const spec = this.spec();
    const frame = (this.frame = layFrame(spec, size.width, size.height, this.palette));
    const base = new Scene();
    // Without the legend's width, into which a long title would run.
    drawFrame(base, { ...spec, notes: [] }, frame, size.width - 170, this.palette);
    const scene = new Scene();
    if (spec.empty) {
      scene.text(frame.plot.x + frame.plot.width / 2, frame.plot.y + frame.plot.height / 2, "No histograms yet", { size: 12, fill: this.palette.muted, align: "middle" });
    } else {
      scene.image(frame.plot, this.pixels(Math.max(1, Math.round(frame.plot.width)), Math.max(1, Math.round(frame.plot.height))));
      this.drawLegend(base, size.width);
    }
    return { base: base.items, data: scene.items };
  }

  /** Colour grows with the root of the share: a bin with a hundredth of the most shows, too. */
  private tone(share: number): number {
    return Math.round((TONES.length - 1) * Math.sqrt(share / this.most));
  }

  private pixels(width: number, height: number): Pixels {
    const { edges } = this.data!;
    const data = new Uint8ClampedArray(4 * width * height);
    const { sx, sy, plot } = this.frame!;
    const bins = Array.from({ length: height }, (_, row) => Math.min(Math.max(upperBound(edges, sy.value(plot.y + row + 0.5)) - 1, 0), edges.length - 2));
    for (let column = 0; column < width; ++column) {
      const shares = this.columnShares(sx.value(plot.x + column), sx.value(plot.x + column + 1), edges.length - 1);
      for (let row = 0; row < height; ++row) {
        const share = shares[bins[row]!]!;
        if (!(share > 0)) continue;
        const place = 4 * (row * width + column), rgb = TONES[this.tone(share)]!;
        data[place] = rgb[0];
        data[place + 1] = rgb[1];
        data[place + 2] = rgb[2];
        data[place + 3] = 255;
      }
    }
    return { width, height, data };
  }

  /** Of the steps whose columns begin in this pixel the highest share of each bin, else of the step that covers it. */
  private columnShares(low: number, high: number, bins: number): Float64Array {
    const first = Math.min(Math.max(upperBound(this.borders, (low + high) / 2) - 1, 0), this.shares.length - 1);
    const last = Math.min(upperBound(this.borders, high) - 1, this.shares.length - 1);
    const begin = Math.min(Math.max(upperBound(this.borders, low), 0), first);
    if (last <= begin) return this.shares[first]!;
    const most = new Float64Array(bins);
    for (let i = begin; i <= last; ++i) {
      const shares = this.shares[i]!;
      for (let k = 0; k < bins; ++k) if (shares[k]! > most[k]!) most[k] = shares[k]!;
    }
    return most;
  }

  private drawLegend(scene: Scene, width: number): void {
    const style = { size: TICK, fill: this.palette.muted };
    const text = `${numberText(100 * this.most, 2)} %`;
    const right = width - 12 - textWidth(text, style, this.palette) - 6;
    const data = new Uint8ClampedArray(4 * 72);
    for (let k = 0; k < 72; ++k) data.set([...viridisChannels(k / 71), 255], 4 * k);
    scene.image({ x: right - 72, y: 7, width: 72, height: 8 }, { width: 72, height: 1, data });
    scene.text(width - 12, 15, text, { ...style, align: "end" });
    scene.text(right - 78, 15, "share 0", { ...style, align: "end" });
  }

  protected overlay(): Item[] {
    const scene = new Scene();
    if (!this.cell || !this.frame) return scene.items;
    const { sx, sy } = this.frame;
    const { edges } = this.data!;
    const x = sx.at(this.borders[this.cell.step]!), y = sy.at(edges[this.cell.bin + 1]!);
    const box = { x, y, width: Math.max(sx.at(this.borders[this.cell.step + 1]!) - x, 2), height: Math.max(sy.at(edges[this.cell.bin]!) - y, 2) };
    scene.rect(box, "none", 1, this.palette.bg);
    scene.rect({ x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 }, "none", 1, this.palette.ink);
    return scene.items;
  }

  private pointed(px: number, py: number): void {
    const { frame, data } = this;
    if (!frame || !data || this.borders.length === 0 || data.edges.length < 2) return;
    const { plot, sx, sy } = frame;
    if (px < plot.x || px >= plot.x + plot.width || py < plot.y || py >= plot.y + plot.height) {
      this.left();
      return;
    }
    const step = Math.min(Math.max(upperBound(this.borders, sx.value(px)) - 1, 0), data.steps.length - 1);
    const bin = Math.min(Math.max(upperBound(data.edges, sy.value(py)) - 1, 0), data.edges.length - 2);
    this.cell = { step, bin };
    this.later("hover");
    const count = data.counts[step]![bin]!;
    this.tooltip.show({ head: `${data.xLabel ?? "step"} ${valueText(data.steps[step]!, data.xKind ?? "step")}`, rows: [
      { label: "values from", value: numberText(data.edges[bin]!) },
      { label: "to", value: numberText(data.edges[bin + 1]!) },
      { label: "count", value: Number.isInteger(count) ? countText(count) : numberText(count), strong: true },
      { label: "share", value: `${numberText(100 * this.shares[step]![bin]!, 3)} %` },
    ] }, px, py);
    this.emit("hover", { step: data.steps[step]!, bin });
  }

  private left(): void {
    if (!this.cell) return;
    this.cell = null;
    this.tooltip.hide();
    this.later("hover");
    this.emit("hover", { step: null, bin: null });
  }
}
