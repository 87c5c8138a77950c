// Charts of each kind on one page, with what they said since, for charts_test.py.
import { CurvesChart, type Curve, type CurvesData } from "../../../tracking/ui/page/chart/curves";
import { HeatChart } from "../../../tracking/ui/page/chart/heat";
import { ChartGroup } from "../../../tracking/ui/page/chart/link";
import { ParallelChart } from "../../../tracking/ui/page/chart/parallel";
import { ScatterChart } from "../../../tracking/ui/page/chart/scatter";
import { StripChart } from "../../../tracking/ui/page/chart/strip";

const said: Record<string, unknown[]> = {};

interface Speaker {
  on(event: string, f: (value: unknown) => void): unknown;
}

function listen(name: string, chart: unknown, ...events: string[]): void {
  for (const event of events) {
    const list: unknown[] = (said[`${name} ${event}`] = []);
    (chart as Speaker).on(event, (value) => list.push(value));
  }
}

function place(id: string, width: number, height: number): HTMLElement {
  const element = document.createElement("div");
  element.id = id;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  document.body.append(element);
  return element;
}

/** Three straight curves, apart by one: run k is k + 1 at every step. */
function curves(): CurvesData {
  const x = Float64Array.from({ length: 101 }, (_, i) => i * 10);
  const all = [0, 1, 2].map((k): Curve => ({ id: `c${k}`, run: `run${k}`, label: `<b>run ${k}</b>`, colour: k, x, y: x.map((v, i) => k + 1 + (k === 2 && i > 50 ? NaN : 0 * v)) }));
  return { title: "loss", unit: "nats", xLabel: "step", xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: false, curves: all };
}

const first = new CurvesChart(place("first", 600, 300)), second = new CurvesChart(place("second", 600, 300));
const group = new ChartGroup();
for (const chart of [first, second]) {
  chart.set(curves());
  group.add(chart);
}
listen("first", first, "hover", "zoom", "click");
listen("second", second, "hover", "zoom", "click");

const strip = new StripChart(place("strip", 600, StripChart.heightFor(1)));
strip.set({ title: "Digests", steps: [0, 1, 2, 3], rows: [{ label: "loss", states: Uint8Array.from([1, 1, 2, 2]) }], first: 2 });
listen("strip", strip, "hover", "click", "zoom");

const heat = new HeatChart(place("heat", 600, 300));
heat.set({ title: "weights", steps: [0, 10, 20], edges: [-1, 0, 1], counts: [[1, 3], [2, 2], [0, 4]] });
listen("heat", heat, "hover", "click");

const scatter = new ScatterChart(place("scatter", 600, 300));
scatter.set({ xLabel: "lr", yLabel: "loss", x: [1, 2, 3], y: [1, 2, 3], ids: ["a", "b", "c"], log: { x: false, y: false } });
listen("scatter", scatter, "hover", "click");

const parallel = new ParallelChart(place("parallel", 900, 360));
parallel.set({ axes: [{ name: "lr", kind: "number", values: [0.001, 0.01, 0.1], log: true }, { name: "model", kind: "category", values: ["cnn", "mlp", "vit"] }, { name: "loss", kind: "number", values: [1, 2, 3] }], ids: ["a", "b", "c"], colourBy: 2 });
listen("parallel", parallel, "brush", "axes", "hover", "click");

/** Does an SVG load as a picture? */
async function loads(svg: string): Promise<boolean> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  return image.decode().then(() => image.naturalWidth > 0, () => false);
}

async function pngSize(png: Promise<Blob>): Promise<number[]> {
  const bitmap = await createImageBitmap(await png);
  return [bitmap.width, bitmap.height];
}

Object.assign(window, { said, charts: { first, second, strip, heat, scatter, parallel }, loads, pngSize });
