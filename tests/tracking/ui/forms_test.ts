import { clipOf, drawForm, FORMS } from "../../../tracking/ui/page/chart/forms";
import { Scene } from "../../../tracking/ui/page/chart/scene";
import { equal, holds, test } from "./check";

test("each of the twelve colours has a form of its own, the same on curves and in legends", () => {
  equal(FORMS, 12);
  const clips = Array.from({ length: FORMS }, (_, slot) => clipOf(slot));
  equal(new Set(clips).size, FORMS);
  equal(clipOf(FORMS + 3), clips[3], "the form of a slot that comes again");
  clips.forEach((clip, slot) => {
    const scene = new Scene();
    drawForm(scene, slot, 100, 50, "ink", "ground");
    const areas = scene.items.flatMap((item) => (item.kind === "area" ? [item] : []));
    equal(areas.filter((area) => area.fill === "ink").length + (slot < 6 ? 0 : areas.filter((area) => area.fill === "ground").length / 2), clip.split("M").length - 1, `pieces of ${slot}`);
    for (const { points } of areas) {
      for (let i = 0; i < points.length; ++i) holds(Math.abs(points[i]! - (i % 2 ? 50 : 100)) <= 6.5, `${slot} stays about its place`);
    }
  });
});
