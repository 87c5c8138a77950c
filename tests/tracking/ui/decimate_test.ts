import { makeScale } from "../../../tracking/ui/page/chart/axis";
import { Ascending, viewOf, type CurvesData } from "../../../tracking/ui/page/chart/curves_data";
import { bandOutline, barsOf, nearestIndex, polyline, Range, visibleRange, whiskersOf } from "../../../tracking/ui/page/chart/decimate";
import { equal, holds, near, test } from "./check";

/** Least and greatest of every second number, which are the y of corners. */
function extremes(points: ArrayLike<number>): [number, number] {
  let low = Infinity, high = -Infinity;
  for (let i = 1; i < points.length; i += 2) {
    if (points[i]! < low) low = points[i]!;
    if (points[i]! > high) high = points[i]!;
  }
  return [low, high];
}

const wave = (n: number): { x: Float64Array; y: Float64Array } =>
  ({ x: Float64Array.from({ length: n }, (_, i) => i), y: Float64Array.from({ length: n }, (_, i) => Math.sin(i / 50)) });

test("a spike of one point among 100,000 is never lost, wherever it is", () => {
  const n = 100000;
  const sx = makeScale(0, n - 1, 40, 640), sy = makeScale(-20, 20, 300, 0);
  for (const at of [0, 1, 777, 50000, n - 2, n - 1]) {
    for (const pairs of [false, true]) {
      const series = wave(n);
      series.y[at] = 17;
      series.y[(at + 3) % n] = -19;
      const { points } = polyline(series, [0, n], sx, sy, pairs ? 2 : 1, pairs);
      const [low, high] = extremes(points);
      near(low, sy.at(17), 1e-4, `top of the spike at ${at}`);
      near(high, sy.at(-19), 1e-4, `bottom of the spike at ${at}`);
      holds(points.length / 2 <= (pairs ? 2 * 301 : 4 * 601), `${points.length / 2} corners`);
    }
  }
});

test("the extremes of buckets are drawn, in every column, also where the mean is smooth", () => {
  const n = 2000;
  const x = Float64Array.from({ length: n }, (_, i) => i * 500);
  const y = new Float64Array(n).fill(1), low = new Float64Array(n).fill(0.9), high = new Float64Array(n).fill(1.1);
  high[1234] = 50;
  low[77] = -50;
  const sy = makeScale(-60, 60, 300, 0);
  for (const width of [200, 5000]) {
    const { points } = polyline({ x, y, low, high }, [0, n], makeScale(0, n * 500, 0, width), sy, 1);
    const [top, bottom] = extremes(points);
    near(top, sy.at(50), 1e-4, `spike of a bucket in ${width} pixels`);
    near(bottom, sy.at(-50), 1e-4, `lowest of a bucket in ${width} pixels`);
  }
});

test("few points are drawn as they are", () => {
  const { points } = polyline({ x: [0, 10, 20], y: [1, 3, 2] }, [0, 3], makeScale(0, 20, 0, 200), makeScale(0, 4, 40, 0), 1);
  equal(points, [0, 30, 100, 10, 200, 20]);
});

test("what is not finite parts the line, and a point between two gaps stands alone", () => {
  const y = [1, 2, NaN, 3, Infinity, 2, 1];
  const { points, single } = polyline({ x: [0, 1, 2, 3, 4, 5, 6], y }, [0, 7], makeScale(0, 6, 0, 600), makeScale(0, 4, 400, 0), 1);
  equal(points, [0, 300, 100, 200, NaN, NaN, 300, 100, NaN, NaN, 500, 200, 600, 300]);
  equal(single, [300, 100]);
});

test("what a logarithmic axis can't show parts the line", () => {
  const { points } = polyline({ x: [0, 1, 2, 3, 4], y: [1, 10, 0, 10, 1] }, [0, 5], makeScale(0, 4, 0, 400), makeScale(1, 10, 100, 0, true), 1);
  equal(points, [0, 100, 100, 0, NaN, NaN, 300, 0, 400, 100]);
});

test("an infinite extreme of a bucket leads out of the picture, to a finite place", () => {
  const { points } = polyline({ x: [0, 1], y: [1, 1], low: [1, 1], high: [1, Infinity] }, [0, 2], makeScale(0, 1, 0, 100), makeScale(0, 2, 100, 0), 1);
  holds(Array.from(points).every(Number.isFinite), `finite corners: ${Array.from(points).join(" ")}`);
  holds(extremes(points)[0] < -1000, "far above the picture");
});

test("in a zoom one neighbour each side is drawn", () => {
  const x = [0, 10, 20, 30, 40];
  equal(visibleRange(x, 12, 28, true), [1, 4]);
  equal(visibleRange(x, 10, 20, true), [0, 4]);
  equal(visibleRange(x, -50, -20, true), [0, 1]);
  equal(visibleRange([3, 1, 2], 0, 1, false), [0, 3]);
  equal([nearestIndex(x, 14), nearestIndex(x, 16), nearestIndex(x, 99), nearestIndex([], 1)], [1, 2, 4, -1]);
});

test("a band goes out along its upper border and back along its lower", () => {
  const outline = bandOutline([0, 1, 2], [1, 1, 1], [2, 3, 2], [0, 3], makeScale(0, 2, 0, 20), makeScale(0, 4, 40, 0), 1);
  equal(outline, [0, 20, 10, 10, 20, 20, 20, 30, 10, 30, 0, 30, NaN, NaN]);
});

test("outliers are the few beyond one and a half spans of the middle nine tenths, and are counted", () => {
  const y = Array.from({ length: 1000 }, (_, i) => 1 + (i % 100) / 100);
  y[10] = 1e6;
  y[500] = -1e6;
  y[900] = 7e5;
  y[901] = NaN;
  y[902] = Infinity;
  const range = new Range();
  range.add(y, [0, y.length]);
  equal(range.withoutOutliers(false), { low: 1, high: 1.99, hidden: 3, notPositive: 1 });
  equal(range.all(), { low: -1e6, high: 1e6, hidden: 0, notPositive: 1 });
});

test("a curve that begins high and decays has no outliers", () => {
  const y = Array.from({ length: 1000 }, (_, i) => 0.1 + 2.3 * Math.exp(-i / 250));
  const range = new Range();
  range.add(y, [0, y.length]);
  equal(range.withoutOutliers(false).hidden, 0);
});

const data = (y: number[], more: Partial<CurvesData> = {}): CurvesData => ({
  title: "loss", xLabel: "step", xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: false,
  curves: [{ id: "a", run: "a", label: "a", colour: 0, x: y.map((_, i) => i), y }], ...more,
});

test("a logarithmic axis is for positive data alone, and says so else", () => {
  const ascending = new Ascending();
  const log = { x: false, y: true };
  equal(viewOf(data([1, 2, 0, 3], { log }), null, null, ascending).notes, ["y not logarithmic: 1 value ≤ 0"]);
  equal(viewOf(data([1, 2, 0, 3], { log }), null, null, ascending).log.y, false);
  equal(viewOf(data([1, 2, 3], { log }), null, null, ascending).log, { x: false, y: true });
  const x = viewOf(data([1, 2, 3], { log: { x: true, y: false } }), null, null, ascending);
  equal([x.log.x, x.x, x.notes], [true, [1, 2], ["x ≤ 0 not on the log axis"]]);
});

test("what is interpolated or sampled is said", () => {
  const curves = [{ id: "a", run: "a", label: "a", colour: 0, x: [0, 1], y: [1, 2], interpolated: true }, { id: "b", run: "b", label: "b", colour: 1, x: [0, 1], y: [1, 2], sampled: true }];
  equal(viewOf(data([], { curves }), null, null, new Ascending()).notes, ["interpolated", "sampled"]);
  equal(viewOf(data([1, 2]), null, null, new Ascending()).notes, []);
});

test("hidden outliers are said, also in a zoom; so are values beyond a locked range", () => {
  const y = Array.from({ length: 200 }, (_, i) => 1 + (i % 10) / 10);
  y[100] = 900;
  const ascending = new Ascending();
  equal(viewOf(data(y, { hideOutliers: true }), null, null, ascending).notes, ["1 outlier hidden"]);
  equal(viewOf(data(y, { hideOutliers: true }), [0, 50], null, ascending).notes, []);
  equal(viewOf(data(y), null, [0, 3], ascending).notes, ["1 point outside"]);
  equal(viewOf(data(y), null, [0, 3], ascending).y, [0, 3]);
  holds(viewOf(data(y), null, null, ascending).y[1] > 900, "nothing is cut that nobody asked to hide");
});

test("raw values behind a smoothed curve, and extremes of buckets, have their place", () => {
  const curve = { id: "a", run: "a", label: "a", colour: 0, x: [0, 1, 2], y: [1, 1, 1], raw: { x: [0, 1, 2], y: [1, 5, 1], low: [-3, 1, 1], high: [1, 9, 1] } };
  const { y } = viewOf(data([], { curves: [curve] }), null, null, new Ascending());
  holds(y[0] < -3 && y[1] > 9, `range ${y.join(" to ")}`);
});

test("a dense line as bars covers what the line covers, without a gap between columns", () => {
  const n = 20000;
  const series = wave(n);
  for (let i = 0; i < n; ++i) series.y[i] += Math.cos(i * 7.7);
  series.y[4321] = 17;
  const sx = makeScale(0, n - 1, 0, 400), sy = makeScale(-20, 20, 300, 0);
  const { points } = polyline(series, [0, n], sx, sy, 1);
  const bars = barsOf(points, 1, 1.5);
  let highest = Infinity;
  for (let i = 0; i < bars.length; i += 4) {
    highest = Math.min(highest, bars[i + 1]!);
    holds(bars[i + 3]! >= 1.5, `bar ${i / 4} is thinner than the line`);
    if (i === 0) continue;
    const above = bars[i - 3]! + bars[i - 1]! < bars[i + 1]! - 1e-3, below = bars[i + 1]! + bars[i + 3]! < bars[i - 3]! - 1e-3;
    holds(!above && !below, `bars ${i / 4 - 1} and ${i / 4} are apart`);
  }
  near(highest, sy.at(17), 1e-3, "top of the spike");
  equal(bars.length / 4, 401);
});

test("whiskers reach from the lowest to the highest of the buckets in a column", () => {
  const series = { x: [0, 1, 50], y: [2, 2, 2], low: [1, 0, 2], high: [3, 4, 2] };
  const bars = whiskersOf(series, [0, 3], makeScale(0, 100, 0, 10), makeScale(0, 4, 40, 0), 1);
  equal(bars, [0, 0, 1, 40]);
});
