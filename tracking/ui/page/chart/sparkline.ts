// Curves of a word's size, hundreds of them in a table that scrolls: one small canvas each, no listeners, no state.
import { makeScale } from "./axis";
import { polyline, Range, type Series } from "./decimate";

export interface SparklineStyle {
  colour: string;
  /** Of the mark where values are not finite. */
  fail: string;
  width?: number;
  height?: number;
}

/** Draws the curve over its whole length into the canvas, the last value as a dot; a × where values are not finite. */
export function drawSparkline(canvas: HTMLCanvasElement, series: Series, style: SparklineStyle): void {
  const { width = 96, height = 20 } = style;
  const ratio = window.devicePixelRatio || 1;
  // Setting a size clears the canvas and costs an allocation: a row that is used again keeps its own.
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const count = series.x.length;
  if (count === 0) return;
  const range = new Range();
  for (const values of [series.y, series.low, series.high]) if (values) range.add(values, [0, count]);
  const { low, high } = range.all();
  const sx = makeScale(series.x[0]!, Math.max(series.x[count - 1]!, series.x[0]! + 1e-9), 2, width - 4);
  const sy = low <= high ? makeScale(low === high ? low - 1 : low, low === high ? high + 1 : high, height - 3, 3) : makeScale(0, 1, height - 3, 3);
  const { points } = polyline(series, [0, count], sx, sy, 1 / ratio);
  context.strokeStyle = style.colour;
  context.lineWidth = Math.max(1, 1 / ratio);
  context.beginPath();
  stroke(context, points);
  context.stroke();
  drawLast(context, series, sx.at(series.x[count - 1]!), sy.at(series.y[count - 1]!), style, height);
}

function stroke(context: CanvasRenderingContext2D, points: Float32Array): void {
  let down = false;
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!, y = points[i + 1]!;
    if (x !== x) down = false;
    else if (down) context.lineTo(x, y);
    else context.moveTo(x, y);
    if (x === x) down = true;
  }
}

function drawLast(context: CanvasRenderingContext2D, series: Series, x: number, y: number, style: SparklineStyle, height: number): void {
  let broken = false;
  for (let i = 0; i < series.y.length && !broken; ++i) broken = !(series.y[i]! - series.y[i]! === 0);
  if (y - y === 0) {
    context.fillStyle = style.colour;
    context.beginPath();
    context.arc(x, y, 2, 0, 2 * Math.PI);
    context.fill();
  }
  if (!broken) return;
  const at = y - y === 0 ? 4 : Math.max(x - 1, 4);
  const bottom = height - 4;
  context.strokeStyle = style.fail;
  context.lineWidth = 1.25;
  context.beginPath();
  context.moveTo(at - 2.5, bottom - 2.5);
  context.lineTo(at + 2.5, bottom + 2.5);
  context.moveTo(at - 2.5, bottom + 2.5);
  context.lineTo(at + 2.5, bottom - 2.5);
  context.stroke();
}
