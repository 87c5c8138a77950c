// What bench/chart_bars.py measures in the browser: charts with as many curves, lines and cells as people have.
import { CurvesChart, type Curve, type CurvesData } from "../tracking/ui/page/chart/curves";
import { HeatChart } from "../tracking/ui/page/chart/heat";
import { ParallelChart, type ParallelData } from "../tracking/ui/page/chart/parallel";
import { ScatterChart } from "../tracking/ui/page/chart/scatter";
import { drawSparkline } from "../tracking/ui/page/chart/sparkline";
import { EQUAL, PARTED, StripChart } from "../tracking/ui/page/chart/strip";

interface Times {
  draw: number[];
  hover: number[];
  zoom: number[];
}

let state = 1;
/** Uniform in [0, 1), the same in every run. */
function random(): number {
  state = (state * 1664525 + 1013904223) >>> 0;
  return state / 2 ** 32;
}

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;

/** Until every canvas below holds its pixels: a browser records what is drawn, and rasterises it later. */
function rasterised(element: Element): void {
  for (const canvas of element.querySelectorAll("canvas")) {
    if (canvas.width === 0) continue;
    probe.drawImage(canvas, 0, 0, 1, 1);
    probe.getImageData(0, 0, 1, 1);
  }
}

const frame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => resolve()));

/** Milliseconds of f and of the frame that it asks for. */
async function timed(place: Element, f: () => void): Promise<number> {
  await frame();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const begin = performance.now();
  f();
  // Charts draw in a frame's callback that was asked for before this one.
  await frame();
  rasterised(place);
  return performance.now() - begin;
}

function place(width: number, height: number): HTMLElement {
  const element = document.createElement("div");
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  document.body.append(element);
  return element;
}

/** A noisy loss; as buckets with their extremes, or as points. */
function curve(k: number, count: number, every: number, buckets: boolean): Curve {
  const x = new Float64Array(count), y = new Float64Array(count), low = new Float64Array(count), high = new Float64Array(count);
  for (let i = 0; i < count; ++i) {
    x[i] = i * every;
    y[i] = (0.2 + 0.01 * (k % 40) + 2 * Math.exp((-6 * i) / count)) * (buckets ? 1 : 0.85 + 0.3 * random());
    low[i] = y[i]! * (0.8 + 0.1 * random());
    high[i] = y[i]! * (1.1 + 0.1 * random());
  }
  return { id: `${k}`, run: `${k}`, label: `run ${k}`, colour: k, x, y, ...(buckets ? { low, high } : {}) };
}

function data(curves: Curve[]): CurvesData {
  return { title: "train/loss", xLabel: "step", xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: false, curves };
}

function move(chart: Element, x: number, y: number): void {
  const root = chart.querySelector(".chart")!;
  const box = root.getBoundingClientRect();
  root.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true }));
}

async function hovers(element: Element): Promise<number[]> {
  const times: number[] = [];
  for (let k = 0; k < 15; ++k) times.push(await timed(element, () => move(element, 0.2 + 0.04 * k, 0.3 + 0.03 * k)));
  return times;
}

async function curves(count: number, points: number, buckets: boolean, width: number, height: number, charts = 1): Promise<Times> {
  const all = data(Array.from({ length: count }, (_, k) => curve(k, points, 500, buckets)));
  const parent = document.createElement("div");
  document.body.append(parent);
  const made = Array.from({ length: charts }, () => {
    const element = place(width, height);
    parent.append(element);
    return new CurvesChart(element);
  });
  const times: Times = { draw: [], hover: [], zoom: [] };
  for (let k = 0; k < 5; ++k) times.draw.push(await timed(parent, () => made.forEach((chart) => chart.set({ ...all }))));
  for (let k = 0; k < 5; ++k) times.zoom.push(await timed(parent, () => made.forEach((chart) => chart.zoom([500 * points * 0.1 * k, 500 * points * (0.1 * k + 0.3)]))));
  for (const chart of made) chart.zoom(null);
  times.hover = await hovers(parent.firstElementChild!);
  for (const chart of made) chart.destroy();
  parent.remove();
  return times;
}

function parameters(count: number): ParallelData {
  const column = (f: (u: number) => number): number[] => Array.from({ length: count }, () => f(random()));
  const axes = [
    { name: "lr", kind: "number" as const, values: column((u) => 10 ** (-4 + 3 * u)), log: true },
    { name: "batch", kind: "number" as const, values: column((u) => 2 ** Math.floor(4 + 6 * u)), log: true },
    { name: "model", kind: "category" as const, values: column((u) => u).map((u) => ["mlp", "cnn", "resnet", "vit"][Math.floor(4 * u)]!) },
    ...["depth", "width", "dropout", "accuracy", "loss"].map((name) => ({ name, kind: "number" as const, values: column((u) => u) })),
  ];
  return { axes, ids: axes[0]!.values.map((_, i) => `${i}`), colourBy: 6 };
}

async function parallel(count: number): Promise<Times> {
  const element = place(1240, 380);
  const chart = new ParallelChart(element);
  const lines = parameters(count);
  const times: Times = { draw: [], hover: [], zoom: [] };
  for (let k = 0; k < 5; ++k) times.draw.push(await timed(element, () => chart.set({ ...lines })));
  times.hover = await hovers(element);
  for (let k = 0; k < 5; ++k) times.zoom.push(await timed(element, () => chart.brush([{ axis: "accuracy", low: 0.1 * k, high: 0.1 * k + 0.3 }])));
  chart.destroy();
  element.remove();
  return times;
}

async function others(make: (element: HTMLElement) => { draw: () => void; destroy: () => void }, width: number, height: number): Promise<Times> {
  const element = place(width, height);
  const { draw, destroy } = make(element);
  const draws: number[] = [];
  for (let k = 0; k < 5; ++k) draws.push(await timed(element, draw));
  const hover = element.querySelector(".chart") ? await hovers(element) : [];
  destroy();
  element.remove();
  return { draw: draws, hover, zoom: [] };
}

function strip(element: HTMLElement): { draw: () => void; destroy: () => void } {
  const chart = new StripChart(element);
  const steps = Float64Array.from({ length: 50000 }, (_, i) => i);
  const rows = ["losses", "states", "gradients", "batches"].map((label, k) => ({ label, states: Uint8Array.from(steps, (i) => (i > 30000 + k || i % 999 === 0 ? PARTED : EQUAL)) }));
  return { draw: () => chart.set({ title: "Digests", steps, rows, first: 0 }), destroy: () => chart.destroy() };
}

function heat(element: HTMLElement): { draw: () => void; destroy: () => void } {
  const chart = new HeatChart(element);
  const steps = Float64Array.from({ length: 1000 }, (_, i) => i * 100);
  const edges = Float64Array.from({ length: 65 }, (_, i) => i / 32 - 1);
  const counts = Array.from(steps, () => Float64Array.from({ length: 64 }, (_, i) => Math.round(1000 * Math.exp(-((i - 32) ** 2) / 50) * random())));
  return { draw: () => chart.set({ title: "weights", steps, edges, counts }), destroy: () => chart.destroy() };
}

function scatter(element: HTMLElement): { draw: () => void; destroy: () => void } {
  const chart = new ScatterChart(element);
  const x = Float64Array.from({ length: 10000 }, random), y = x.map((v) => v + random());
  const ids = Array.from(x, (_, i) => `${i}`);
  return { draw: () => chart.set({ xLabel: "x", yLabel: "y", x, y, ids, log: { x: false, y: false }, colour: { label: "z", values: y } }), destroy: () => chart.destroy() };
}

function sparklines(element: HTMLElement): { draw: () => void; destroy: () => void } {
  const canvases = Array.from({ length: 60 }, () => document.createElement("canvas"));
  element.append(...canvases);
  const lines = canvases.map((_, k) => curve(k, 100, 1, false));
  return { draw: () => canvases.forEach((canvas, k) => drawSparkline(canvas, lines[k]!, { colour: "#2446c4", fail: "#b3261e" })), destroy: () => undefined };
}

const SCENES: Record<string, () => Promise<Times>> = {
  "8 curves of a million points, as 2,000 buckets, 600 x 320": () => curves(8, 2000, true, 600, 320),
  "the same, 1240 x 640": () => curves(8, 2000, true, 1240, 640),
  "20 curves of 1,200 points, 600 x 320": () => curves(20, 1200, false, 600, 320),
  "50 curves of 1,200 points, 600 x 320": () => curves(50, 1200, false, 600, 320),
  "200 curves of 1,200 points, 600 x 320": () => curves(200, 1200, false, 600, 320),
  "the same, as 1,200 buckets": () => curves(200, 1200, true, 600, 320),
  "12 charts of 200 curves, 400 x 260": () => curves(200, 1200, false, 400, 260, 12),
  "1,000 curves of 1,200 points, as quantiles": () => curves(1000, 1200, false, 600, 320),
  "parallel coordinates, 10,000 lines, 8 axes, 1240 x 380": () => parallel(10000),
  "digests, 50,000 steps, 4 rows": () => others(strip, 1240, 160),
  "heat map, 1,000 histograms of 64 bins": () => others(heat, 600, 320),
  "scatter, 10,000 runs": () => others(scatter, 600, 320),
  "60 sparklines of 100 points": () => others(sparklines, 600, 1400),
};

(window as unknown as { scenes: string[]; measure: (name: string) => Promise<Times> }).scenes = Object.keys(SCENES);
(window as unknown as { measure: (name: string) => Promise<Times> }).measure = (name) => SCENES[name]!();
