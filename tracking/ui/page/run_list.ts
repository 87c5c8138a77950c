// The list beside the charts: each run's colour, eye, name, value at the crosshair, and how far that is from the baseline's.

import type { App, News } from "./app";
import { fixedText, numberText, plural, sharedDecimals } from "./chart/text";
import { append, clear, empty, h, iconButton, menu, visible, type Item } from "./dom";
import { literal, metricExpr, signed, toNumber } from "./format";
import type { Frame } from "./frame";
import type { Part } from "./metrics";
import { RowPages } from "./row_pages";
import { runMenu, statusMark, statusOf } from "./run_menu";
import type { Row, TableAnswer } from "./types";
import { rowHeight, Virtual } from "./virtual";

export interface Probe {
  label: string;
  /** The value of a run there; NaN where it has none. */
  of(run: string): number;
}

interface Cells {
  box: HTMLInputElement;
  eye: HTMLButtonElement;
  status: HTMLElement;
  name: HTMLAnchorElement;
  value: HTMLElement;
  delta: HTMLElement;
  row: Row | null;
}

export class RunList {
  readonly element: HTMLElement;
  private readonly pages: RowPages;
  private readonly rows: Virtual;
  private readonly cells = new WeakMap<HTMLElement, Cells>();
  private readonly head: HTMLElement;
  private readonly what: HTMLElement;
  private readonly chosen: HTMLElement;
  private readonly note: HTMLElement;
  private readonly columns: HTMLElement;
  private readonly pinned: HTMLElement;
  private baseRow: Row | null = null;
  private baseAsked = "";
  private readonly off: () => void;
  private shown = new Set<string>();
  private selected = new Set<string>();
  private probe: Probe | null = null;
  private focus: Part | null = null;
  private hot: string | null = null;
  private at = -1;
  private places = 3;

  constructor(private readonly app: App, private readonly frame: Frame, private readonly settled: () => void) {
    this.head = h("div", { class: "list-head" });
    this.what = h("span", { class: "what" });
    this.chosen = h("div", { class: "chosen", hidden: true });
    this.note = h("div", { class: "list-note", hidden: true });
    const scroller = h("div", { class: "list-scroll", tabindex: 0, role: "group", "aria-label": "Runs" });
    this.element = h("aside", { class: "run-list", "aria-label": "Runs" });
    this.columns = h("div", { class: "list-columns", "aria-hidden": "true" }, h("span", { class: "grow" }, "run"), this.what, h("span", { class: "delta" }, "Δ base"));
    this.pinned = h("div", { class: "list-base", role: "list", "aria-label": "Baseline", hidden: true }, this.make());
    append(this.element, this.head, this.chosen, this.note, this.columns, this.pinned, scroller);
    this.pages = new RowPages(app, (whole) => this.arrived(whole), (error) => this.failed(error));
    this.rows = new Virtual(scroller, {
      height: rowHeight(), role: "list", label: "Runs", make: () => this.make(), fill: (element, index) => this.fill(element, index), seen: (from, to) => this.pages.need(from, to),
    });
    scroller.addEventListener("pointerleave", () => app.hover.emit(null));
    this.off = app.hover.on((id) => this.heat(id));
    this.ask();
  }

  /** Another question by the address. */
  ask(): void {
    const state = this.app.state;
    this.pages.ask({ query: state.get("q"), sort: state.sort, archived: state.flag("archived"), columns: this.focus ? metricExpr(this.focus.name, this.focus.context) : "-" });
    void this.askBase();
  }

  /** The baseline is pinned, and may be no run that the query finds. */
  private async askBase(): Promise<void> {
    const base = this.app.state.get("base");
    this.baseAsked = base;
    if (!base) {
      this.showBase(null);
      return;
    }
    try {
      const answer = await this.app.source.get<TableAnswer>("table", { query: `id == ${literal(base)}`, archived: true, columns: this.focus ? metricExpr(this.focus.name, this.focus.context) : "-" });
      if (base === this.app.state.get("base")) this.showBase(answer.rows[0] ?? null);
    } catch (error) {
      this.app.report(error);
    }
  }

  private showBase(row: Row | null): void {
    this.baseRow = row;
    this.pinned.hidden = !row;
    this.marks();
  }

  news(news: News): void {
    if (news.all || news.runs.size) this.pages.refresh();
    if (this.baseRow && news.runs.has(this.baseRow.id)) void this.askBase();
  }

  /** Selection, eyes or baseline are others. */
  marks(): void {
    this.shown = new Set(this.app.shown());
    this.selected = new Set(this.app.state.list("sel"));
    this.app.slots.give([...this.shown]);
    if ((this.baseRow?.id ?? "") !== this.app.state.get("base") && this.app.state.get("base") !== this.baseAsked) void this.askBase();
    this.headings();
    this.redraw();
  }

  private redraw(): void {
    if (this.baseRow) this.fillRow(this.pinned.firstElementChild as HTMLElement, this.baseRow, -2);
    this.rows.refresh();
  }

  /** The metric whose last value stands in the list while no crosshair says another. */
  setFocus(part: Part | null): void {
    const same = this.focus && part ? metricExpr(this.focus.name, this.focus.context) === metricExpr(part.name, part.context) : this.focus === part;
    if (same) return;
    this.focus = part;
    this.ask();
    this.headings();
  }

  setProbe(probe: Probe | null): void {
    this.probe = probe;
    this.headings();
    this.redraw();
  }

  /** Rows are to be of another height. */
  fit(): void {
    this.rows.setHeight(rowHeight());
  }

  end(): void {
    this.off();
    this.pages.end();
    this.rows.end();
  }

  key(event: KeyboardEvent): boolean {
    const move = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
    if (move) {
      this.go(Math.max(0, Math.min(this.pages.matched - 1, this.at + move)));
      return true;
    }
    const row = this.pages.row(this.at);
    if (event.key === "Escape" && this.app.state.get("sel")) this.app.select([]);
    else if (!row) return false;
    else if (event.key === "x") this.app.toggleSelected(row.id);
    else if (event.key === "e") this.app.toggleEye(row.id);
    else if (event.key === "b") this.app.toggleBase(row.id);
    else if (event.key === "Enter" && !(event.target as Element).closest("a, button, input")) this.app.state.open("run", { id: row.id });
    else return false;
    return true;
  }

  private go(index: number): void {
    const before = this.at;
    this.at = index;
    this.rows.redraw(before);
    this.rows.scrollTo(index);
    this.rows.redraw(index);
    this.app.hover.emit(this.pages.row(index)?.id ?? null);
  }

  private arrived(whole: boolean): void {
    const answer = this.pages.answer;
    if (!answer) return;
    if (whole) {
      this.frame.query.setMatched(answer.matched, answer.total);
      this.app.setFirst(this.pages.loaded().slice(0, Number(this.app.state.get("n")) || 10).map((row) => row.id));
      this.note.hidden = answer.matched > 0 && !answer.warnings?.length;
      if (!answer.matched) clear(this.note, answer.total ? this.nothing() : empty("No runs yet. A program that makes a stet::Run writes one here:", [`build/release/bin/mnist --runs ${this.app.hello.folder}`]));
      else if (answer.warnings?.length) clear(this.note, ...answer.warnings.map((line) => h("p", { class: "warning" }, line)));
      this.columns.hidden = !answer.matched;
      this.places = sharedDecimals(this.pages.loaded().slice(0, 400).map((row) => toNumber(row.values[0])));
      this.rows.setCount(this.pages.matched);
    }
    this.marks();
    if (whole) this.settled();
  }

  private nothing(): HTMLElement {
    return empty(`None of ${plural(this.pages.answer?.total ?? 0, "run")} matches this query.`, [], h("button", { type: "button", onclick: () => this.app.state.set({ q: null }) }, "Clear the query"));
  }

  private failed(error: unknown): void {
    if (!this.frame.query.failed(error)) this.app.report(error);
  }

  private headings(): void {
    const state = this.app.state;
    const chosen = state.list("sel");
    this.what.textContent = this.probe ? this.probe.label : this.focus ? `last ${this.focus.name}` : "";
    this.what.title = this.what.textContent;
    const count = this.shown.size;
    clear(this.head, h("span", { class: "grow" }, h("b", {}, plural(this.pages.matched, "run")), h("span", { class: "muted" }, ` · ${count} on charts`)),
      iconButton("down", "Sort and show", (event) => this.options(event.currentTarget as Element)));
    this.chosen.hidden = chosen.length === 0;
    if (chosen.length) {
      clear(this.chosen, h("span", { class: "grow" }, `${chosen.length} selected`),
        chosen.length > 1 ? h("a", { class: "button", href: state.link("compare") }, "Compare") : null,
        h("button", { type: "button", onclick: () => this.app.select([]) }, "Clear"));
    }
  }

  private options(anchor: Element): void {
    const state = this.app.state;
    const sort = (label: string, expr: string): Item => ({ label, checked: state.sort === expr, act: () => state.set({ sort: expr === "-made" ? null : expr }) });
    const first = (count: string): Item => ({ label: `Show the first ${count}`, checked: (state.get("n") || "10") === count, act: () => state.set({ n: count === "10" ? null : count }) });
    const metric = this.focus ? metricExpr(this.focus.name, this.focus.context) : "";
    menu(anchor, "Sort and show", [sort("Newest first", "-made"), sort("Oldest first", "made"), sort("By name", "name"), sort("By status", "status"),
      ...(metric ? [sort(`Least ${this.focus?.name} first`, metric), sort(`Greatest ${this.focus?.name} first`, "-" + metric)] : []), null, first("10"), first("50"), first("200"), null,
      { label: "Compact rows", checked: state.flag("dense"), act: () => state.set({ dense: state.flag("dense") ? null : "1" }) },
      { label: "Archived runs too", checked: state.flag("archived"), act: () => state.set({ archived: state.flag("archived") ? null : "1" }) }]);
  }

  private make(): HTMLElement {
    const row = h("div", { class: "run-row", role: "listitem" });
    const cells: Cells = {
      box: h("input", { type: "checkbox", onchange: () => cells.row && this.app.toggleSelected(cells.row.id) }),
      eye: h("button", { type: "button", class: "swatch", onclick: () => cells.row && this.app.toggleEye(cells.row.id) }),
      status: h("span", { class: "state" }), name: h("a", { class: "name" }), value: h("span", { class: "value" }), delta: h("span", { class: "delta" }), row: null,
    };
    const more = iconButton("more", "More", (event) => cells.row && runMenu(this.app, event.currentTarget as Element, cells.row));
    row.append(h("label", { class: "hit" }, cells.box), cells.eye, cells.status, cells.name, more, cells.value, cells.delta);
    row.addEventListener("pointerenter", () => this.app.hover.emit(cells.row?.id ?? null));
    row.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      if (cells.row) runMenu(this.app, more, cells.row);
    });
    this.cells.set(row, cells);
    return row;
  }

  private fill(element: HTMLElement, index: number): void {
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(this.pages.matched));
    this.fillRow(element, this.pages.row(index) ?? null, index);
  }

  private fillRow(element: HTMLElement, row: Row | null, index: number): void {
    const cells = this.cells.get(element) as Cells;
    cells.row = row;
    element.classList.toggle("waiting", !row);
    if (!row) return;
    const state = this.app.state;
    const base = state.get("base");
    const shown = this.shown.has(row.id);
    const chosen = this.selected.has(row.id);
    const status = statusOf(row);
    element.className = `run-row${chosen ? " selected" : ""}${row.id === this.hot ? " hot" : ""}${row.id === base ? " base" : ""}${index === this.at ? " at" : ""}${shown ? "" : " off"}`;
    cells.box.checked = chosen;
    cells.box.setAttribute("aria-label", `Select ${row.name}`);
    const slot = this.app.slots.of(row.id);
    cells.eye.className = `swatch s${slot % 12} d${Math.floor(slot / 12) % 3}`;
    cells.eye.setAttribute("aria-pressed", String(shown));
    cells.eye.setAttribute("aria-label", `${shown ? "Hide" : "Show"} the curve of ${row.name}`);
    cells.eye.title = shown ? "Hide its curve" : "Show its curve";
    clear(cells.status, statusMark(row));
    cells.name.textContent = visible(row.name || row.id);
    cells.name.href = state.link("run", { id: row.id });
    cells.name.title = visible(`${row.name}\n${row.id}\n${status.word}${row.tags.length ? "\n" + row.tags.join(", ") : ""}`);
    const value = this.valueOf(row);
    cells.value.textContent = value === null ? "" : this.probe ? numberText(value, 4) : fixedText(value, this.places);
    cells.value.classList.toggle("nan", value !== null && Number.isNaN(value));
    const against = base && base !== row.id ? this.baseValue(base) : NaN;
    cells.delta.textContent = row.id === base ? "base" : value === null ? "" : signed(value - against);
  }

  private valueOf(row: Row): number | null {
    if (this.probe) {
      const value = this.probe.of(row.id);
      return Number.isNaN(value) ? null : value;
    }
    const value = row.values[0];
    return value === null || value === undefined ? null : toNumber(value);
  }

  private baseValue(base: string): number {
    if (this.probe) return this.probe.of(base);
    return this.baseRow ? toNumber(this.baseRow.values[0]) : NaN;
  }

  private heat(id: string | null): void {
    if (id === this.hot) return;
    for (const each of [this.hot, id]) {
      const index = each ? this.pages.indexOf(each) : -1;
      const element = index >= 0 ? this.rows.element(index) : undefined;
      element?.classList.toggle("hot", each === id);
    }
    this.hot = id;
  }
}
