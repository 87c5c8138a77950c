import { dashBy, DASHES, exprsOf, grouped, splitOf, type Groups } from "../../../tracking/ui/page/grouping";
import type { Curve } from "../../../tracking/ui/page/chart/curves";
import type { Held } from "../../../tracking/ui/page/curve_data";
import { chartEach, chartsOf } from "../../../tracking/ui/page/metrics";
import type { ColumnsAnswer, ParamField } from "../../../tracking/ui/page/types";
import { equal, test } from "./check";

const param = (name: string, distinct: number): ParamField => ({ name, kind: "number", distinct, runs: 4 });
const answer: ColumnsAnswer = { ids: ["a", "b", "c", "d", "e"], columns: [{ expr: "params.lr", kind: "number", values: [0.1, 0.02, 0.1, null, 3] }, { expr: "params.opt", kind: "text", values: ["sgd", "adam", "adam", "sgd", "x"] }] };

test("a choice of parameters: one, all but the seed, all but one", () => {
  const params = [param("lr", 3), param("opt", 2), param("seed", 4), param("same", 1)];
  equal(exprsOf("params.lr", params), ["params.lr"]);
  equal(exprsOf("*", params), ["params.lr", "params.opt"]);
  equal(exprsOf("*params.lr", params), ["params.opt", "params.seed"]);
});

test("runs are split by what they share, in the order of the values", () => {
  const one = splitOf(["lr"], { ...answer, columns: answer.columns.slice(0, 1) }, new Set(["a", "b", "c"]));
  equal([one.names, [...one.of]], [["lr 0.02", "lr 0.1"], [["a", "lr 0.1"], ["b", "lr 0.02"], ["c", "lr 0.1"]]]);
  equal(splitOf(["lr", "opt"], answer, new Set(["a", "d"])).of.get("d"), "lr none, opt sgd");
});

test("each value has its dash", () => {
  const split = splitOf(["opt"], { ...answer, columns: answer.columns.slice(1) }, new Set(["a", "b", "c", "d"]));
  equal(["a", "b", "c", "d"].map((run) => dashBy(split, run)), [DASHES[1], DASHES[0], DASHES[0], DASHES[1]]);
});

test("a mean is over runs of one colour and one dash", () => {
  const runs = ["a", "b", "c", "d"];
  const curves = runs.map((run, k): Curve => ({ id: run, run, label: run, colour: 0, x: [0, 1], y: [k, k + 1] }));
  const held = runs.map((run) => ({ run, part: { name: "loss", context: {}, split: "" } }) as unknown as Held);
  const colours: Groups = { of: new Map([["a", "one"], ["b", "one"], ["c", "two"], ["d", "two"]]), names: ["one", "two"], colours: [3, 4] };
  const dashes = { of: new Map([["a", "sgd"], ["b", "adam"], ["c", "sgd"], ["d", "sgd"]]), names: ["adam", "sgd"] };
  equal(grouped(curves, held, colours, null, "mean", "sd").map((each) => [each.label, each.colour, Array.from(each.y)]), [["one", 3, [0.5, 1.5]], ["two", 4, [2.5, 3.5]]]);
  equal(grouped(curves, held, colours, dashes, "mean", "sd").map((each) => each.label), ["one · sgd", "one · adam", "two · sgd"]);
  equal(grouped(curves, held, colours, dashes, "", "sd").map((each) => [each.label, each.colour]), [["a (one)", 3], ["b (one)", 3], ["c (two)", 4], ["d (two)", 4]]);
});

test("a chart for each value", () => {
  const specs = chartsOf([{ name: "train/loss", context: {}, runs: 1, points_max: 1 }, { name: "acc", context: {}, runs: 1, points_max: 1 }], true);
  equal(chartEach(specs, ["lr 0.1", "lr 1"]).map((spec) => [spec.key, spec.title, spec.only]), specs.flatMap((spec) => ["lr 0.1", "lr 1"].map((only) => [spec.key, `${spec.title} · ${only}`, only])));
});
