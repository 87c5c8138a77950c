// Ten thousand lines between parallel axes, rasterised here: a canvas would take seconds to stroke them.
import type { Pixels } from "./scene";

export interface DensityLines {
  /** For each axis the row of each line, in pixels of the raster; NaN where a line has none. */
  rows: readonly Float32Array[];
  /** Columns of the raster at which the axes stand, ascending. */
  columns: readonly number[];
  /** Which lines are drawn. */
  shown: Uint8Array;
  /** Of each line an index into the colours. */
  colour: Uint8Array;
}

/** Steps along all lines that one pass may take; beyond, columns are drawn two or more at once. */
const STEPS = 6e6;

/** How many columns one step of a line fills, so that a picture stays within a tenth of a second. */
export function strideFor(lines: number, width: number): number {
  return Math.max(1, Math.ceil((lines * width) / STEPS));
}

/** Counts lines in each pixel, by columns, and keeps the colour of the last of them. */
function rasterise(lines: DensityLines, height: number, width: number, stride: number, count: Uint16Array, last: Uint8Array): void {
  const { rows, columns, shown, colour } = lines;
  for (let k = 0; k + 1 < rows.length; ++k) {
    const from = Math.round(columns[k]!), to = Math.min(Math.round(columns[k + 1]!), width);
    const a = rows[k]!, b = rows[k + 1]!;
    for (let i = 0; i < shown.length; ++i) {
      if (shown[i] === 0) continue;
      const start = a[i]!, slope = (b[i]! - start) / (to - from);
      if (!(slope - slope === 0)) continue;
      const tone = colour[i]!;
      let y = start + slope * 0.5 * stride;
      const step = slope * stride;
      const end = Math.floor((to - 1) / stride);
      for (let c = Math.ceil(from / stride); c <= end; ++c, y += step) {
        // A steep line fills all rows that it crosses in the column, or it would be dotted.
        let row = y | 0;
        const next = (y + step) | 0, away = row < next ? 1 : -1;
        do {
          const place = c * height + row;
          const n = count[place]!;
          if (n < 65535) count[place] = n + 1;
          last[place] = tone;
          row += away;
        } while ((next - row) * away > 0);
      }
    }
  }
}

export interface DensityStyle {
  /** Red, green and blue of each index. */
  colours: readonly (readonly [number, number, number])[];
  /** Opacity of one line; of n lines 1 − (1 − alpha)^n. */
  alpha: number;
  /** No denser than this however many lines meet. */
  most: number;
}

/** Draws the lines over what the picture holds already. */
export function drawDensity(pixels: Pixels, lines: DensityLines, style: DensityStyle): void {
  const { width, height, data } = pixels;
  const stride = strideFor(lines.shown.length, width);
  const columns = Math.ceil(width / stride);
  // A column more, for rows that end on the lower border.
  const count = new Uint16Array((columns + 1) * height);
  const last = new Uint8Array((columns + 1) * height);
  rasterise(lines, height, width, stride, count, last);
  const opacity = Float32Array.from({ length: 256 }, (_, n) => Math.min(style.most, 1 - (1 - style.alpha) ** n));
  for (let c = 0; c < columns; ++c) {
    for (let row = 0; row < height; ++row) {
      const n = count[c * height + row]!;
      if (n === 0) continue;
      const over = opacity[Math.min(n, 255)]!;
      const rgb = style.colours[last[c * height + row]!]!;
      for (let x = c * stride; x < Math.min((c + 1) * stride, width); ++x) blend(data, 4 * (row * width + x), rgb, over);
    }
  }
}

/** One colour over another, both with an alpha that isn't multiplied in. */
function blend(data: Uint8ClampedArray, place: number, rgb: readonly [number, number, number], over: number): void {
  const below = (data[place + 3]! / 255) * (1 - over);
  const alpha = over + below;
  data[place] = (rgb[0] * over + data[place]! * below) / alpha;
  data[place + 1] = (rgb[1] * over + data[place + 1]! * below) / alpha;
  data[place + 2] = (rgb[2] * over + data[place + 2]! * below) / alpha;
  data[place + 3] = 255 * alpha;
}
