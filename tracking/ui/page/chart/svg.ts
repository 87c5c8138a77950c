// A list of primitives as SVG.
import type { Fonts, Item, Points } from "./scene";
import { canvasOf } from "./scene";
import { printable } from "./text";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for XML; control characters, which XML can't hold, are gone from a scene's texts already. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);
}

/** Hundredths of a pixel are finer than any screen or printer that shows a page. */
function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function pathOf(points: Points, closed: boolean): string {
  const words: string[] = [];
  let down = false;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    if (x !== x || y !== y) {
      if (down && closed) words.push("Z");
      down = false;
    } else {
      words.push(`${down ? "L" : "M"}${coordinate(x)} ${coordinate(y)}`);
      down = true;
    }
  }
  if (down && closed) words.push("Z");
  return words.join("");
}

function barsPath(bars: ArrayLike<number>): string {
  let path = "";
  for (let i = 0; i + 3 < bars.length; i += 4) {
    path += `M${coordinate(bars[i]!)} ${coordinate(bars[i + 1]!)}h${coordinate(bars[i + 2]!)}v${coordinate(bars[i + 3]!)}h${coordinate(-bars[i + 2]!)}Z`;
  }
  return path;
}

type Attributes = Record<string, string | number | undefined>;

function tag(name: string, attributes: Attributes, inside?: string): string {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(typeof value === "number" ? coordinate(value) : value!)}"`);
  return inside === undefined ? `<${name}${words.join("")}/>` : `<${name}${words.join("")}>${inside}</${name}>`;
}

const opacity = (alpha: number | undefined): number | undefined => (alpha === undefined || alpha === 1 ? undefined : alpha);

class Writer {
  private clips = 0;
  definitions = "";

  constructor(private readonly fonts: Fonts, private readonly prefix: string) {}

  all(items: readonly Item[]): string {
    return items.map((item) => this.one(item)).join("\n");
  }

  private one(item: Item): string {
    switch (item.kind) {
      case "line":
        return tag("path", { d: pathOf(item.points, false), fill: "none", stroke: item.stroke, "stroke-width": item.width,
          "stroke-dasharray": item.dash?.length ? item.dash.join(" ") : undefined, "stroke-opacity": opacity(item.alpha) });
      case "area":
        return tag("path", { d: pathOf(item.points, true), fill: item.fill, "fill-opacity": opacity(item.alpha) });
      case "bars":
        return tag("path", { d: barsPath(item.bars), fill: item.fill, "fill-opacity": opacity(item.alpha) });
      case "rect":
        return tag("rect", { x: item.x, y: item.y, width: item.width, height: item.height, fill: item.fill, "fill-opacity": opacity(item.alpha), stroke: item.stroke });
      case "dots":
        return tag("g", { fill: item.fill, "fill-opacity": opacity(item.alpha) }, this.dots(item));
      case "text":
        return tag("text", { x: item.x, y: item.y, fill: item.fill, "font-size": item.size, "font-weight": item.weight, "text-anchor": item.align,
          "font-family": item.mono ? this.fonts.mono : undefined, transform: item.turn ? `rotate(${item.turn} ${coordinate(item.x)} ${coordinate(item.y)})` : undefined },
          escapeXml(item.text));
      case "image":
        return tag("image", { x: item.x, y: item.y, width: item.width, height: item.height, preserveAspectRatio: "none", style: "image-rendering:pixelated",
          href: typeof document === "undefined" ? "data:," : canvasOf(item.pixels).toDataURL("image/png") });
      case "group":
        return tag("g", { opacity: opacity(item.alpha), "clip-path": item.clip ? `url(#${this.clip(item.clip)})` : undefined }, this.all(item.items));
    }
  }

  private dots(item: Item & { kind: "dots" }): string {
    const words: string[] = [];
    for (let i = 0; i + 1 < item.points.length; i += 2) {
      words.push(tag("circle", { cx: item.points[i]!, cy: item.points[i + 1]!, r: item.radius }));
    }
    return words.join("");
  }

  private clip(box: { x: number; y: number; width: number; height: number }): string {
    const name = `${this.prefix}${++this.clips}`;
    this.definitions += tag("clipPath", { id: name }, tag("rect", { x: box.x, y: box.y, width: box.width, height: box.height }));
    return name;
  }
}

/** A file of SVG with a title for those who don't see it. */
export function svgOf(items: readonly Item[], width: number, height: number, background: string, fonts: Fonts, title: string): string {
  const writer = new Writer(fonts, "clip");
  const body = writer.all(items);
  return tag("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": fonts.font, role: "img" },
    `\n<title>${escapeXml(printable(title))}</title>\n<defs>${writer.definitions}</defs>\n${tag("rect", { width, height, fill: background })}\n${body}\n`);
}
