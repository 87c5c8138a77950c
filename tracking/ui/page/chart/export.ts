// Charts as files and tables: CSV, PNG, an accessible table.
import type { Item, Fonts } from "./scene";
import { paint } from "./scene";
import { numberText, printable } from "./text";

export type Cell = string | number | null;

export interface Rows {
  caption: string;
  header: string[];
  rows: Cell[][];
}

/** RFC 4180: quoted where it must be, quotes doubled, lines end in CRLF. Numbers as a program reads them back. */
function csvCell(cell: Cell): string {
  if (cell === null) return "";
  const text = typeof cell === "number" ? csvNumber(cell) : cell;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replace(/"/g, '""')}"` : text;
}

function csvNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

export function csvOf(table: Rows): string {
  return [table.header, ...table.rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function cellOf(tag: "th" | "td", cell: Cell): HTMLTableCellElement {
  const element = document.createElement(tag);
  element.textContent = cell === null ? "" : typeof cell === "number" ? numberText(cell, 6) : printable(cell);
  if (typeof cell === "number") element.className = "number";
  return element;
}

/** A table with a caption, heads of columns, and the first cell of each row as its head. */
export function tableOf(table: Rows): HTMLTableElement {
  const element = document.createElement("table");
  element.className = "chart-table";
  element.createCaption().textContent = printable(table.caption);
  const head = element.createTHead().insertRow();
  table.header.forEach((text, k) => {
    const cell = cellOf("th", text);
    cell.scope = "col";
    if (typeof table.rows[0]?.[k] === "number") cell.className = "number";
    head.append(cell);
  });
  const body = element.createTBody();
  for (const row of table.rows) {
    const line = body.insertRow();
    row.forEach((value, k) => {
      const cell = cellOf(k === 0 ? "th" : "td", value);
      if (k === 0) cell.scope = "row";
      line.append(cell);
    });
  }
  return element;
}

/** The picture on its background, in so many device pixels to one of its own. */
export function pngOf(items: readonly Item[], size: { width: number; height: number }, scale: number, colours: Fonts & { bg: string }): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(size.width * scale);
  canvas.height = Math.round(size.height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.fillStyle = colours.bg;
  context.fillRect(0, 0, size.width, size.height);
  paint(context, items, colours, scale);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(`PNG of ${canvas.width} x ${canvas.height} pixels: this browser makes none so large`))), "image/png"));
}

/** Indices of about `most` of `count` rows, evenly spread, the last one among them. */
export function thinned(count: number, most: number): number[] {
  const stride = Math.max(1, Math.ceil(count / most));
  const kept: number[] = [];
  for (let i = 0; i < count; i += stride) kept.push(i);
  if (count > 0 && kept[kept.length - 1] !== count - 1) kept.push(count - 1);
  return kept;
}
