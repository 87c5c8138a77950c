import { bandOf, joinBySteps } from "../../../tracking/ui/page/chart/bands";
import { ranksOf, spearman } from "../../../tracking/ui/page/chart/ranks";
import { equal, near, test } from "./check";

test("N falls where runs end, and the mean is of those that go on", () => {
  const band = bandOf([{ x: [1, 2, 3], y: [1, 2, 3] }, { x: [1, 2, 3], y: [3, 4, 5] }, { x: [1], y: [8] }], "mean", "minmax");
  equal([band.x, band.n, band.y, band.low, band.high, band.interpolated], [[1, 2, 3], [3, 2, 2], [4, 3, 4], [1, 2, 3], [8, 4, 5], false]);
});

test("the deviation is the sample's, of one run none", () => {
  const band = bandOf([{ x: [1, 2], y: [1, 5] }, { x: [1], y: [2] }, { x: [1], y: [6] }], "mean", "sd");
  near(band.high[0]! - band.y[0]!, Math.sqrt(7), 1e-12, "deviation of 1, 2, 6");
  equal([band.y[1], band.low[1], band.high[1], band.n[1]], [5, 5, 5, 1]);
});

test("the median of an even and of an odd number", () => {
  const runs = [1, 2, 10, 50].map((v) => ({ x: [0], y: [v] }));
  equal([bandOf(runs, "median", "minmax").y[0], bandOf(runs.slice(0, 3), "median", "minmax").y[0]], [6, 2]);
});

test("unlike x: on the union, straight between points and said; never beyond a curve's ends", () => {
  const band = bandOf([{ x: [0, 10], y: [0, 10] }, { x: [5, 15], y: [1, 3] }], "mean", "minmax");
  equal([band.x, band.n, band.y, band.interpolated], [[0, 5, 10, 15], [1, 2, 2, 1], [0, 3, 6, 3], true]);
});

test("values that are not finite don't count", () => {
  const band = bandOf([{ x: [0, 1], y: [NaN, 1] }, { x: [0, 1], y: [4, 3] }, { x: [0, 1], y: [Infinity, 5] }], "mean", "minmax");
  equal([band.n, band.y], [[1, 3], [4, 3]]);
});

test("no curve, and curves without points", () => {
  equal(bandOf([], "mean", "sd").x.length, 0);
  equal(bandOf([{ x: [], y: [] }, { x: [2], y: [1] }], "mean", "sd").n, [1]);
});

test("the band of extremes takes those of buckets", () => {
  const band = bandOf([{ x: [0], y: [1], low: [-4], high: [1.5] }, { x: [0], y: [2], low: [1], high: [9] }], "mean", "minmax");
  equal([band.low, band.y, band.high], [[-4], [1.5], [9]]);
});

test("two curves join at the steps that both have", () => {
  equal(joinBySteps({ x: [1, 2, 3, 5], y: [10, 20, 30, 50] }, { x: [2, 3, 4], y: [0.2, 0.3, 0.4] }), { x: [20, 30], y: [0.2, 0.3], sampled: true });
  equal(joinBySteps({ x: [1, 2], y: [10, 20] }, { x: [1, 2], y: [1, 2] }).sampled, false);
});

test("equal values share the mean of their ranks", () => {
  equal(ranksOf([10, 20, 20, 5, 20]), [2, 4, 4, 1, 4]);
});

// rho by scipy 1.x's spearmanr on the same values.
test("rank correlation without and with ties", () => {
  near(spearman([106, 100, 86, 101, 99, 103, 97, 113, 112, 110], [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]).rho, -0.17575757575757575);
  near(spearman([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5], [2.7, 1.8, 2.8, 1.8, 2.8, 4.5, 9, 0.4, 5, 2.3, 5]).rho, 0.24130514955413554);
  near(spearman([1, 1, 1, 2, 2, 3], [5, 5, 4, 4, 4, 4]).rho, -0.6708203932499369);
});

test("rank correlation counts pairs that are both there", () => {
  const { rho, n } = spearman([1, 2, NaN, 4, 5], [1, 2, 3, Infinity, 9]);
  equal([rho, n], [1, 3]);
  equal([spearman([1, 1, 1], [1, 2, 3]).rho, spearman([1], [2]).rho, spearman([], []).n], [NaN, NaN, 0]);
});
