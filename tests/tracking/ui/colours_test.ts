import { channels, forcedPalette, toneChannels } from "../../../tracking/ui/page/chart/colours";
import { equal, holds, test } from "./check";

function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** As WCAG counts it, from 1 to 21. */
function contrast(a: string, b: string): number {
  const [more, less] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (more! + 0.05) / (less! + 0.05);
}

// Canvas, CanvasText and Highlight of Windows' four themes of high contrast.
const THEMES: [string, string, string][] = [["#202020", "#ffffff", "#8ee3f0"], ["#fffaef", "#3d3d3d", "#903909"], ["#000000", "#ffffff", "#d6b4fd"], ["#2d3236", "#ffffff", "#abcfd2"]];

test("under the system's few colours curves stay apart from the ground, the grid and each other", () => {
  for (const [bg, ink, accent] of THEMES) {
    const palette = forcedPalette(bg, ink, accent);
    equal([palette.bg, palette.ink, palette.accent, palette.dark], [bg, ink, accent, luminance(bg) < 0.2]);
    equal(new Set(palette.series).size, 12);
    for (const colour of palette.series) {
      holds(contrast(colour, bg) >= 2.5, `${colour} on ${bg}: ${contrast(colour, bg)}`);
      holds(contrast(colour, bg) > contrast(palette.grid, bg), `${colour} stands before the grid of ${bg}`);
    }
    holds(contrast(palette.ink, bg) >= 7, `text on ${bg}`);
    for (let t = 0; t <= 1; t += 0.05) {
      const tone = `rgb(${toneChannels(t, palette).join(", ")})`;
      holds(contrast(tone, bg) >= 1.8, `${tone} at ${t} on ${bg}: ${contrast(tone, bg)}`);
    }
  }
});
