// A table of runs: a head that stays, columns that are pinned, dragged and sorted by, and rows of which only those in sight exist.

import { append, clear, h, iconButton } from "./dom";
import type { Row } from "./types";
import { Virtual } from "./virtual";

const ROW = 28;

export interface TableColumn {
  key: string;
  label: string;
  width: number;
  pinned: boolean;
  /** Numbers stand to the right. */
  right: boolean;
  sort?: string;
  movable: boolean;
  /** What the head's menu button opens. */
  menu?(anchor: Element): void;
  fill(cell: HTMLElement, row: Row): void;
}

export interface TableHost {
  label: string;
  sort(): string;
  setSort(expr: string): void;
  row(index: number): Row | undefined;
  need(from: number, to: number): void;
  move(key: string, before: string | null): void;
  resize(key: string, width: number): void;
  classOf(row: Row, index: number): string;
  hover(row: Row | null): void;
  open(row: Row, anchor: Element): void;
}

export class Table {
  readonly element: HTMLElement;
  private readonly head: HTMLElement;
  private readonly rows: Virtual;
  private columns: TableColumn[] = [];
  private readonly held = new WeakMap<HTMLElement, { row: Row | null; columns: TableColumn[] }>();
  private dragged: string | null = null;

  constructor(private readonly host: TableHost) {
    this.head = h("div", { class: "t-row t-head", role: "row" });
    this.element = h("div", { class: "t-scroll", role: "grid", "aria-label": host.label, tabindex: 0 }, h("div", { role: "rowgroup", class: "t-head-group" }, this.head));
    this.rows = new Virtual(this.element, {
      height: ROW, role: "rowgroup", label: host.label, make: () => this.make(), fill: (element, index) => this.fill(element, index), seen: (from, to) => host.need(from, to),
    });
    this.element.addEventListener("pointerleave", () => host.hover(null));
  }

  setColumns(columns: TableColumn[]): void {
    this.columns = [...columns.filter((column) => column.pinned), ...columns.filter((column) => !column.pinned)];
    const style = this.element.style;
    style.setProperty("--columns", this.columns.map((column) => `${column.width}px`).join(" "));
    style.setProperty("--width", `${this.columns.reduce((sum, column) => sum + column.width, 0)}px`);
    this.element.setAttribute("aria-colcount", String(this.columns.length));
    this.heads();
    this.rows.refresh();
  }

  setCount(count: number): void {
    this.element.setAttribute("aria-rowcount", String(count + 1));
    this.rows.setCount(count);
  }

  refresh(): void {
    this.rows.refresh();
  }

  redraw(index: number): void {
    this.rows.redraw(index);
  }

  scrollTo(index: number): void {
    this.rows.scrollTo(index);
  }

  end(): void {
    this.rows.end();
  }

  private heads(): void {
    const sort = this.host.sort();
    let left = 0;
    clear(this.head, ...this.columns.map((column) => {
      const by = column.sort !== undefined && sort.replace(/^-/, "") === column.sort;
      const down = by && sort.startsWith("-");
      const cell = h("div", {
        class: `t-cell${column.right ? " right" : ""}${column.pinned ? " pinned" : ""}`, role: "columnheader", "aria-sort": by ? (down ? "descending" : "ascending") : column.sort ? "none" : null, title: column.label,
      });
      if (column.sort !== undefined) {
        const next = by ? (down ? "" : `-${column.sort}`) : column.sort;
        append(cell, h("button", { type: "button", class: "t-sort", onclick: () => this.host.setSort(next) }, h("span", { class: "t-label" }, column.label), by ? h("span", { class: "arrow", "aria-hidden": "true" }, down ? "↓" : "↑") : null));
      } else append(cell, column.label ? h("span", { class: "t-label" }, column.label) : h("span", { class: "offscreen" }, column.key));
      if (column.menu) append(cell, iconButton("down", `Column ${column.label}`, (event) => column.menu?.(event.currentTarget as Element), { class: "icon-button t-menu" }));
      if (column.movable) this.drag(cell, column);
      if (column.pinned) cell.style.left = `${left}px`;
      left += column.width;
      return cell;
    }));
  }

  private drag(cell: HTMLElement, column: TableColumn): void {
    cell.draggable = true;
    cell.addEventListener("dragstart", () => {
      this.dragged = column.key;
    });
    cell.addEventListener("dragover", (event) => {
      if (this.dragged && this.dragged !== column.key) {
        event.preventDefault();
        cell.classList.add("drop");
      }
    });
    cell.addEventListener("dragleave", () => cell.classList.remove("drop"));
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.dragged) this.host.move(this.dragged, column.key);
      this.dragged = null;
    });
    const grip = h("span", { class: "grip", "aria-hidden": "true" });
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      cell.draggable = false;
      grip.setPointerCapture(event.pointerId);
      const from = event.clientX;
      const width = column.width;
      grip.onpointermove = (move) => this.host.resize(column.key, Math.max(48, Math.min(640, width + move.clientX - from)));
    });
    cell.append(grip);
  }

  private make(): HTMLElement {
    const row = h("div", { class: "t-row", role: "row" });
    row.addEventListener("pointerenter", () => this.host.hover(this.held.get(row)?.row ?? null));
    row.addEventListener("contextmenu", (event) => {
      const held = this.held.get(row)?.row;
      if (!held) return;
      event.preventDefault();
      this.host.open(held, row);
    });
    this.held.set(row, { row: null, columns: [] });
    return row;
  }

  private fill(element: HTMLElement, index: number): void {
    const held = this.held.get(element) as { row: Row | null; columns: TableColumn[] };
    const row = this.host.row(index) ?? null;
    held.row = row;
    if (held.columns !== this.columns) {
      held.columns = this.columns;
      let left = 0;
      clear(element, ...this.columns.map((column) => {
        const cell = h("div", { class: `t-cell${column.right ? " right" : ""}${column.pinned ? " pinned" : ""}`, role: "gridcell" });
        if (column.pinned) cell.style.left = `${left}px`;
        left += column.width;
        return cell;
      }));
    }
    element.setAttribute("aria-rowindex", String(index + 2));
    element.className = `t-row${row ? ` ${this.host.classOf(row, index)}` : " waiting"}`;
    if (!row) return;
    const cells = element.children;
    for (let i = 0; i < this.columns.length; ++i) this.columns[i].fill(cells[i] as HTMLElement, row);
  }
}
