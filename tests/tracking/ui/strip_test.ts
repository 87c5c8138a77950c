import { makeScale } from "../../../tracking/ui/page/chart/axis";
import { drawDensity, strideFor } from "../../../tracking/ui/page/chart/density";
import { columnBorders } from "../../../tracking/ui/page/chart/heat";
import { brushesOf, layAxis, letThrough, rangeOf, roundedBorder, scaleOf, spansDecades } from "../../../tracking/ui/page/chart/parallel_data";
import { ABSENT, columnStates, EQUAL, PARTED } from "../../../tracking/ui/page/chart/strip";
import { equal, holds, near, test } from "./check";

test("one parted step among 50,000 is in the strip, wherever it is", () => {
  const n = 50000, steps = Float64Array.from({ length: n }, (_, i) => 3 * i);
  const scale = makeScale(0, 3 * n, 100, 500);
  for (const at of [0, 1, 12345, n - 2, n - 1]) {
    const states = new Uint8Array(n).fill(EQUAL);
    states[at] = PARTED;
    const columns = columnStates(states, steps, scale);
    equal([columns.length, columns.filter((s) => s === PARTED).length, columns.indexOf(PARTED)], [400, 1, Math.floor((at / n) * 400)], `parted step ${at}`);
  }
});

test("few steps fill the strip, each to the next", () => {
  equal(columnStates(Uint8Array.from([EQUAL, ABSENT, PARTED]), [0, 1, 2], makeScale(0, 3, 0, 9)), [1, 1, 1, 0, 0, 0, 2, 2, 2]);
});

test("columns of a heat map meet half way", () => {
  equal([columnBorders([0, 10, 40]), columnBorders([7]), columnBorders([])], [[-5, 5, 25, 55], [6.5, 7.5], []]);
});

const lr = { name: "lr", kind: "number" as const, values: [0.1, 0.01, 0.001, null], log: true };
const model = { name: "model", kind: "category" as const, values: ["mlp", "cnn", "mlp", "vit"] };

test("axes: logarithmic for positive numbers alone, categories in order, missing values apart", () => {
  equal([layAxis(lr, true, false).log, layAxis({ ...lr, values: [0, 1] }, true, false).note], [true, "has values ≤ 0"]);
  const laid = layAxis(model, true, false);
  equal([laid.categories, laid.numbers, laid.log], [["cnn", "mlp", "vit"], [1, 0, 1, 2], false]);
  equal(layAxis({ ...model, values: [32, 128, 8, true] }, false, false).categories.slice(0, 3), ["8", "32", "128"]);
  equal(layAxis(lr, true, false).numbers[3], NaN);
});

test("an axis is logarithmic by itself where most values span decades", () => {
  const even = Array.from({ length: 1000 }, (_, i) => (i + 1e-3) / 1000);
  equal([spansDecades(even), spansDecades(even.map((v) => 10 ** (-4 * v))), spansDecades([0.001, 0.1, 1, 0]), spansDecades([1e-5, NaN, 1e-2]), spansDecades([])], [false, true, false, true, false]);
});

test("a flipped axis stands on its head", () => {
  const up = scaleOf(layAxis(lr, false, false), 10, 110), down = scaleOf(layAxis(lr, false, true), 10, 110);
  near(up.at(0.1), 10, 1e-9);
  near(down.at(0.1), 110, 1e-9);
});

test("brushes let through what all of them hold, and become conditions", () => {
  const axes = [layAxis(lr, true, false), layAxis(model, false, false)];
  const ranges = new Map([["lr", [0.005, 0.2] as const], ["model", [0.5, 1.5] as const]]);
  equal(letThrough(axes, ranges, 4), [1, 0, 0, 0]);
  const brushes = brushesOf(axes, ranges);
  equal(brushes, [{ axis: "lr", low: 0.005, high: 0.2 }, { axis: "model", categories: ["mlp"] }]);
  equal(rangeOf(axes[1]!, brushes[1]!), [0.5, 1.5]);
  equal(rangeOf(axes[1]!, { axis: "model", categories: ["gone"] }), null);
});

test("a brushed border has no more digits than pixels tell apart", () => {
  equal(roundedBorder(0.123456789, makeScale(0, 1, 300, 0)), 0.123);
  const text = String(roundedBorder(0.00123456789, makeScale(1e-4, 1e-1, 300, 0, true)));
  holds(text.length <= 8 && text.startsWith("0.0012"), text);
});

test("every line of a density is in every column, and one line alone keeps its colour", () => {
  const width = 40, height = 20;
  const pixels = { width, height, data: new Uint8ClampedArray(4 * width * height) };
  const lines = { rows: [Float32Array.from([2]), Float32Array.from([17])], columns: [0, width], shown: Uint8Array.from([1]), colour: Uint8Array.from([0]) };
  drawDensity(pixels, lines, { colours: [[200, 100, 50]], alpha: 0.5, most: 1 });
  for (let x = 0; x < width; ++x) {
    const rows = Array.from({ length: height }, (_, y) => y).filter((y) => pixels.data[4 * (y * width + x) + 3]! > 0);
    holds(rows.length >= 1, `nothing in column ${x}`);
    equal(Array.from(pixels.data.slice(4 * (rows[0]! * width + x), 4 * (rows[0]! * width + x) + 3)), [200, 100, 50]);
  }
});

test("lines without a value on an axis end there, and hidden ones aren't drawn", () => {
  const pixels = { width: 10, height: 10, data: new Uint8ClampedArray(400) };
  const lines = { rows: [Float32Array.from([2, 5]), Float32Array.from([NaN, 5])], columns: [0, 10], shown: Uint8Array.from([1, 0]), colour: new Uint8Array(2) };
  drawDensity(pixels, lines, { colours: [[1, 1, 1]], alpha: 1, most: 1 });
  holds(pixels.data.every((v) => v === 0), "something was drawn");
  holds(strideFor(10000, 1200) * 6e6 >= 10000 * 1200 && strideFor(10, 1200) === 1, "the stride keeps to the budget");
});
