import { chartsOf } from "../../../tracking/ui/page/metrics";
import { overlaidOn, withOverlaid } from "../../../tracking/ui/page/overlay";
import { equal, test } from "./check";

test("metrics lie over a chart by their names, and each part has a name then", () => {
  const metrics = ["loss", "accuracy", "train/f1", "val/f1"].map((name) => ({ name, context: {} as { [key: string]: string }, runs: 1, points_max: 1 }));
  metrics.push({ name: "loss", context: { rank: "0" }, runs: 1, points_max: 1 });
  const specs = chartsOf(metrics, true);
  const splits = (key: string, over: string[]): string[] => withOverlaid(specs.find((spec) => spec.key === key)!, over, metrics).parts.map((part) => part.split);
  equal(overlaidOn(["loss=accuracy", "f1=loss", "loss=a=b"], "loss"), ["accuracy", "a=b"]);
  equal(splits("accuracy", []), [""]);
  equal(splits("accuracy", ["accuracy=loss[rank=0]", "accuracy=gone"]), ["accuracy", "loss[rank=0]"]);
  equal(splits("f1", ["f1=accuracy", "f1=val/f1"]), ["train", "val", "accuracy"]);
});
