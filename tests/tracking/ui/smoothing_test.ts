import { smoothed } from "../../../tracking/ui/page/chart/smoothing";
import { equal, near, test } from "./check";

/** By the definition, each value on its own. */
function defined(x: number[], y: number[], halfLife: number, i: number): number {
  let sum = 0, weights = 0;
  // The last finite one has the weight one.
  const finite = x.map((_, k) => k).filter((k) => k <= i && Number.isFinite(y[k]));
  const last = finite[finite.length - 1];
  if (last === undefined) return NaN;
  for (const k of finite) {
    const weight = 2 ** (-(x[last]! - x[k]!) / halfLife);
    sum += weight * y[k]!;
    weights += weight;
  }
  return sum / weights;
}

test("smoothing is the mean of all before, halved in weight each half-life, over gaps in steps and what is not finite", () => {
  const x = [0, 1, 2, 5, 6, 20, 21, 22, 100];
  const y = [NaN, 4, -1, 3, Infinity, 8, NaN, 2, 7];
  for (const halfLife of [0.5, 3, 50]) {
    const found = smoothed(x, y, halfLife);
    equal(found[0], NaN);
    for (let i = 1; i < x.length; ++i) near(found[i]!, defined(x, y, halfLife, i), 1e-12, `value ${i} with half-life ${halfLife}`);
  }
});
