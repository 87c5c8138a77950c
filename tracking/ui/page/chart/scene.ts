// What a chart draws, as a list of primitives: one list is painted on a canvas or written as SVG.
import { printable } from "./text";

/** Corners x0, y0, x1, y1, …; a NaN among them lifts the pen. */
export type Points = ArrayLike<number>;

export interface LineStyle {
  stroke: string;
  width: number;
  dash?: readonly number[];
  alpha?: number;
}

export interface TextStyle {
  size: number;
  fill: string;
  weight?: number;
  align?: "start" | "middle" | "end";
  mono?: boolean;
  /** Degrees, clockwise, about the text's place. */
  turn?: number;
}

export interface Pixels {
  width: number;
  height: number;
  /** Red, green, blue, alpha. */
  data: Uint8ClampedArray;
}

export type Item =
  | ({ kind: "line"; points: Points } & LineStyle)
  | { kind: "area"; points: Points; fill: string; alpha: number }
  | { kind: "bars"; bars: ArrayLike<number>; fill: string; alpha: number }
  | { kind: "rect"; x: number; y: number; width: number; height: number; fill: string; alpha: number; stroke?: string }
  | { kind: "dots"; points: Points; radius: number; fill: string; alpha: number; square: boolean }
  | ({ kind: "text"; x: number; y: number; text: string } & TextStyle)
  | { kind: "image"; x: number; y: number; width: number; height: number; pixels: Pixels }
  | { kind: "group"; clip: Box | null; alpha: number; items: Item[] };

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Gathers primitives. Coordinates are CSS pixels, y downwards. */
export class Scene {
  items: Item[] = [];

  line(points: Points, style: LineStyle): void {
    if (points.length >= 4) this.items.push({ kind: "line", points, ...style });
  }

  area(points: Points, fill: string, alpha = 1): void {
    if (points.length >= 6) this.items.push({ kind: "area", points, fill, alpha });
  }

  /** Rectangles of one colour: x, y, width, height of each. */
  bars(bars: ArrayLike<number>, fill: string, alpha = 1): void {
    if (bars.length >= 4) this.items.push({ kind: "bars", bars, fill, alpha });
  }

  rect(box: Box, fill: string, alpha = 1, stroke?: string): void {
    this.items.push({ kind: "rect", ...box, fill, alpha, stroke });
  }

  dots(points: Points, radius: number, fill: string, alpha = 1, square = false): void {
    if (points.length >= 2) this.items.push({ kind: "dots", points, radius, fill, alpha, square });
  }

  /** The baseline is at y. Texts of records are shown with their control characters visible. */
  text(x: number, y: number, text: string, style: TextStyle): void {
    this.items.push({ kind: "text", x, y, text: printable(text), ...style });
  }

  image(box: Box, pixels: Pixels): void {
    this.items.push({ kind: "image", ...box, pixels });
  }

  /** What f draws, clipped to a box, in one opacity. */
  group(clip: Box | null, alpha: number, f: () => void): void {
    const outer = this.items;
    const items: Item[] = [];
    this.items = items;
    try {
      f();
    } finally {
      this.items = outer;
    }
    this.items.push({ kind: "group", clip, alpha, items });
  }
}

export interface Fonts {
  font: string;
  mono: string;
}

/** Longest piece of a curve that is stroked at once: the cost of a wide stroke grows faster than its length. */
const PIECE = 128;

/** Strokes wider than a device pixel are cut into pieces that share a corner; see PIECE. */
function strokeLine(context: CanvasRenderingContext2D, points: Points, pieces: boolean): void {
  context.beginPath();
  let down = false, count = 0;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    if (x !== x || y !== y) {
      down = false;
    } else if (!down) {
      context.moveTo(x, y);
      down = true;
    } else {
      context.lineTo(x, y);
      if (pieces && ++count % PIECE === 0) {
        context.stroke();
        context.beginPath();
        context.moveTo(x, y);
      }
    }
  }
  context.stroke();
}

function fillArea(context: CanvasRenderingContext2D, points: Points): void {
  context.beginPath();
  let down = false;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    if (x !== x || y !== y) {
      if (down) context.closePath();
      down = false;
    } else if (down) {
      context.lineTo(x, y);
    } else {
      context.moveTo(x, y);
      down = true;
    }
  }
  context.fill();
}

function fillDots(context: CanvasRenderingContext2D, item: Item & { kind: "dots" }): void {
  const { points, radius, square } = item;
  if (!square) context.beginPath();
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    if (square) {
      context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    } else {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
  }
  if (!square) context.fill();
}

/** CSS of a text's font. */
function fontOf(style: TextStyle, fonts: Fonts): string {
  return `${style.weight ?? 400} ${style.size}px ${style.mono ? fonts.mono : fonts.font}`;
}

function paintText(context: CanvasRenderingContext2D, item: Item & { kind: "text" }, fonts: Fonts): void {
  context.font = fontOf(item, fonts);
  context.textAlign = item.align === "middle" ? "center" : item.align ?? "start";
  context.fillStyle = item.fill;
  if (item.turn) {
    context.save();
    context.translate(item.x, item.y);
    context.rotate((item.turn * Math.PI) / 180);
    context.fillText(item.text, 0, 0);
    context.restore();
  } else {
    context.fillText(item.text, item.x, item.y);
  }
}

/** Pixels as a canvas, which scales where putImageData doesn't. */
export function canvasOf(pixels: Pixels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  const data = new ImageData(pixels.width, pixels.height);
  data.data.set(pixels.data);
  canvas.getContext("2d")!.putImageData(data, 0, 0);
  return canvas;
}

function paintItem(context: CanvasRenderingContext2D, item: Item, fonts: Fonts, ratio: number, alpha: number): void {
  context.globalAlpha = alpha * ("alpha" in item ? item.alpha ?? 1 : 1);
  switch (item.kind) {
    case "line":
      context.strokeStyle = item.stroke;
      context.lineWidth = item.width;
      context.setLineDash(item.dash ? [...item.dash] : []);
      // Pieces would start each dash anew, and show where they overlap if one sees through them.
      strokeLine(context, item.points, item.width * ratio > 1 && !item.dash?.length && context.globalAlpha === 1);
      break;
    case "area":
      context.fillStyle = item.fill;
      fillArea(context, item.points);
      break;
    case "bars":
      // One by one: as a single path they take ten times as long.
      context.fillStyle = item.fill;
      for (let i = 0; i + 3 < item.bars.length; i += 4) context.fillRect(item.bars[i]!, item.bars[i + 1]!, item.bars[i + 2]!, item.bars[i + 3]!);
      break;
    case "rect":
      context.fillStyle = item.fill;
      if (item.fill !== "none") context.fillRect(item.x, item.y, item.width, item.height);
      if (item.stroke) {
        context.strokeStyle = item.stroke;
        context.lineWidth = 1;
        context.setLineDash([]);
        context.strokeRect(item.x, item.y, item.width, item.height);
      }
      break;
    case "dots":
      context.fillStyle = item.fill;
      fillDots(context, item);
      break;
    case "text":
      paintText(context, item, fonts);
      break;
    case "image":
      context.imageSmoothingEnabled = false;
      context.drawImage(canvasOf(item.pixels), item.x, item.y, item.width, item.height);
      break;
    case "group":
      context.save();
      if (item.clip) {
        context.beginPath();
        context.rect(item.clip.x, item.clip.y, item.clip.width, item.clip.height);
        context.clip();
      }
      for (const inner of item.items) paintItem(context, inner, fonts, ratio, alpha * item.alpha);
      context.restore();
      break;
  }
}

/** Paints primitives on a canvas whose coordinates are CSS pixels; ratio is its device pixels to one of them. */
export function paint(context: CanvasRenderingContext2D, items: readonly Item[], fonts: Fonts, ratio: number): void {
  context.lineJoin = "bevel";
  context.lineCap = "butt";
  context.textBaseline = "alphabetic";
  for (const item of items) paintItem(context, item, fonts, ratio, 1);
  context.globalAlpha = 1;
}

let measuring: CanvasRenderingContext2D | null | undefined;

/** Width of a text in CSS pixels: measured in a browser, else reckoned by a mean letter. */
export function textWidth(text: string, style: TextStyle, fonts: Fonts): number {
  if (measuring === undefined) measuring = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");
  if (!measuring) return text.length * style.size * (style.mono ? 0.6 : 0.56);
  measuring.font = fontOf(style, fonts);
  return measuring.measureText(text).width;
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitted(text: string, width: number, style: TextStyle, fonts: Fonts): string {
  const shown = printable(text);
  if (textWidth(shown, style, fonts) <= width) return shown;
  const letters = [...shown];
  let low = 0, high = letters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(`${letters.slice(0, middle).join("")}…`, style, fonts) <= width) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? `${letters.slice(0, low).join("")}…` : "";
}
