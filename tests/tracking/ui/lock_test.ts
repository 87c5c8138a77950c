import { Ascending, viewOf, type CurvesData } from "../../../tracking/ui/page/chart/curves_data";
import { lockedY, withLock } from "../../../tracking/ui/page/curve_data";
import { equal, test } from "./check";

test("a metric's range of y is locked and let go", () => {
  const locks = withLock(withLock([], "loss[a=1]", [0.1234567, 2]), "loss", [-1e-7, 3e6]);
  equal(locks, ["loss[a=1]=0.123457:2", "loss=-1e-7:3000000"]);
  equal([lockedY(locks, "loss"), lockedY(locks, "loss[a=1]"), lockedY(locks, "los"), lockedY(["loss=2:1"], "loss"), lockedY(["loss=x"], "loss")], [[-1e-7, 3e6], [0.123457, 2], null, null, null]);
  equal(withLock(locks, "loss", [0, 1])[1], "loss=0:1");
  equal(withLock(locks, "loss", null), ["loss[a=1]=0.123457:2"]);
  equal(withLock([], "loss", [1e6, 1e6 + 0.25]), ["loss=1000000:1000000.25"]);
  equal(withLock([], "loss", [-3, 1e-9]), ["loss=-3:1e-9"]);
});

test("a locked y stays, and what lies outside is counted", () => {
  const data: CurvesData = { title: "loss", xLabel: "step", xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: true, curves: [{ id: "a", run: "a", label: "a", colour: 0, x: [0, 1, 2, 3], y: [0.5, 9, 1, -4] }] };
  const view = viewOf(data, null, [0, 2], new Ascending());
  equal([view.y, view.notes], [[0, 2], ["2 points outside"]]);
  equal(viewOf(data, [2, 3], [0, 2], new Ascending()).notes, ["1 point outside"], "what is said of a zoom");
});

test("a bucket outside of a locked y counts once, and a smoothed curve's points are those behind it", () => {
  const raw = { x: [0, 10], y: [1, 1], low: [-1, 0.5], high: [5, 1.5] };
  const data: CurvesData = { title: "loss", xLabel: "step", xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: false, curves: [{ id: "a", run: "a", label: "a", colour: 0, x: [0, 10], y: [3, 1], raw }] };
  equal(viewOf(data, null, [0, 2], new Ascending()).notes, ["1 point outside"]);
});

test("a locked y that reaches 0 has no logarithmic axis, and says so", () => {
  const data: CurvesData = { title: "loss", xLabel: "step", xKind: "step", log: { x: false, y: true }, band: "none", hideOutliers: false, curves: [{ id: "a", run: "a", label: "a", colour: 0, x: [0, 1], y: [0.5, 1] }] };
  const [from0, above] = [[0, 2], [0.1, 2]].map(([low, high]) => viewOf(data, null, [low!, high!], new Ascending()));
  equal([from0!.log.y, from0!.notes], [false, ["y not logarithmic: locked from 0 or below"]]);
  equal([above!.log.y, above!.notes], [true, []]);
});
