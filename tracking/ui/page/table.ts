// A table of runs: a head that stays, columns that are pinned, dragged and sorted by, and rows and cells of which only those in sight exist.

import { append, clear, h, iconButton, visible } from "./dom";
import type { Row } from "./types";
import { rowHeight, Virtual } from "./virtual";

// Pixels beyond the edges in which cells exist.
const MARGIN = 240;

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
  /** What the pointer's rest shows: exact. */
  exact?(row: Row): string;
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
  private lefts: number[] = [];
  /** Columns that have cells; another list than a row's means that the row's cells are of before. */
  private inSight: number[] = [];
  private readonly held = new WeakMap<HTMLElement, { row: Row | null; cells: number[] }>();
  private frame = 0;
  private left = 0;
  private width = 1280;
  private dragged: string | null = null;
  private readonly watch: ResizeObserver;

  constructor(private readonly host: TableHost) {
    this.head = h("div", { class: "t-row t-head", role: "row" });
    this.element = h("div", { class: "t-scroll", role: "grid", "aria-label": host.label, tabindex: 0 }, h("div", { role: "rowgroup", class: "t-head-group" }, this.head));
    this.rows = new Virtual(this.element, {
      height: rowHeight(), role: "rowgroup", label: host.label, make: () => this.make(), fill: (element, index) => this.fill(element, index), seen: (from, to) => host.need(from, to),
    });
    this.element.addEventListener("pointerleave", () => host.hover(null));
    this.element.addEventListener("scroll", () => {
      // Asked of the browser after rows have moved, this would lay the page out once more in every frame.
      const left = this.element.scrollLeft;
      if (left === this.left) return;
      this.left = left;
      this.schedule();
    }, { passive: true });
    this.element.addEventListener("pointerover", (event) => this.explain(event.target as Element));
    this.watch = new ResizeObserver(() => {
      this.width = this.element.clientWidth;
      this.schedule();
    });
    this.watch.observe(this.element);
  }

  setColumns(columns: TableColumn[]): void {
    this.columns = [...columns.filter((column) => column.pinned), ...columns.filter((column) => !column.pinned)];
    const style = this.element.style;
    let left = 0;
    this.lefts = this.columns.map((column) => {
      left += column.width;
      return left - column.width;
    });
    style.setProperty("--width", `${left}px`);
    this.inSight = this.seen();
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

  /** Rows are to be of another height. */
  fit(): void {
    this.rows.setHeight(rowHeight());
  }

  redraw(index: number): void {
    this.rows.redraw(index);
  }

  scrollTo(index: number): void {
    this.rows.scrollTo(index);
  }

  end(): void {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
    this.rows.end();
  }

  private schedule(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const seen = this.seen();
      if (seen[seen.length - 1] === this.inSight[this.inSight.length - 1] && seen.length === this.inSight.length) return;
      this.inSight = seen;
      this.rows.refresh();
    });
  }

  /** The pinned columns, and those between the edges of what is scrolled to. */
  private seen(): number[] {
    const from = this.left - MARGIN;
    const to = this.left + this.width + MARGIN;
    const seen: number[] = [];
    this.columns.forEach((column, i) => {
      if (column.pinned || (this.lefts[i] + column.width > from && this.lefts[i] < to)) seen.push(i);
    });
    return seen;
  }

  private explain(target: Element): void {
    const cell = target.closest<HTMLElement>("[role=gridcell]");
    const row = cell?.parentElement && this.held.get(cell.parentElement)?.row;
    const column = cell && this.columns[Number(cell.ariaColIndex) - 1];
    if (cell && row && column?.exact) cell.title = visible(column.exact(row));
  }

  private heads(): void {
    const sort = this.host.sort();
    clear(this.head, ...this.columns.map((column, i) => {
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
      this.place(cell, i);
      return cell;
    }));
  }

  /** A pinned cell stays where the others pass below it. */
  private place(cell: HTMLElement, i: number): void {
    const column = this.columns[i];
    cell.setAttribute("aria-colindex", String(i + 1));
    if (column.pinned && !this.columns[i + 1]?.pinned) cell.classList.add("edge");
    cell.style.width = `${column.width}px`;
    if (column.pinned) cell.style.left = `${this.lefts[i]}px`;
    else cell.style.transform = `translateX(${this.lefts[i]}px)`;
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
    this.held.set(row, { row: null, cells: [] });
    return row;
  }

  private fill(element: HTMLElement, index: number): void {
    const held = this.held.get(element) as { row: Row | null; cells: number[] };
    const row = this.host.row(index) ?? null;
    held.row = row;
    if (held.cells !== this.inSight) {
      held.cells = this.inSight;
      clear(element, ...this.inSight.map((i) => {
        const column = this.columns[i];
        const cell = h("div", { class: `t-cell${column.right ? " right" : ""}${column.pinned ? " pinned" : ""}`, role: "gridcell" });
        this.place(cell, i);
        return cell;
      }));
    }
    element.setAttribute("aria-rowindex", String(index + 2));
    element.className = `t-row${row ? ` ${this.host.classOf(row, index)}` : " waiting"}`;
    if (!row) return;
    const cells = element.children;
    for (let k = 0; k < this.inSight.length; ++k) this.columns[this.inSight[k]].fill(cells[k] as HTMLElement, row);
  }
}
