// The table of runs: columns by choice, sorted and filtered, or grouped with mean ± SD and N.

import type { App, Page } from "../app";
import { durationText, plural, sharedDecimals } from "../chart/text";
import { append, button, clear, debounce, empty, h, icon, iconButton, menu, visible, type Item } from "../dom";
import { ago, date, exact, exprLabel, literal, splitTop, toNumber, value } from "../format";
import { and, filterMenu } from "../filter_menu";
import type { Frame } from "../frame";
import { RowPages } from "../row_pages";
import { addNote, editTags, post, runMenu, statusOf } from "../run_menu";
import { Sparklines } from "../sparklines";
import { Table, type TableColumn } from "../table";
import type { Column, Row, TableAnswer, Value } from "../types";
import { chooseColumns } from "./runs_columns";
import { Groups } from "./runs_groups";

// Beyond so many columns nobody reads across; the others are to be chosen.
const MOST = 200;
const WIDTHS: { [kind: string]: number } = { number: 96, text: 132, time: 104, duration: 92, status: 104, tags: 148, bool: 72, size: 92 };

class RunsTable {
  readonly element: HTMLElement;
  readonly table: Table;
  private readonly pages: RowPages;
  private readonly note: HTMLElement;
  private readonly widths = new Map<string, number>();
  private readonly sparks: Sparklines;
  private at = -1;
  private shape = "";
  private shown = new Set<string>();
  private chosen = new Set<string>();
  /** The columns in which the matched runs differ, and of which question that is known. */
  private defaults: string[] = [];
  private defaultsOf = "";
  constants: { expr: string; value: Value }[] = [];

  constructor(private readonly app: App, private readonly frame: Frame, private readonly counted: () => void) {
    this.note = h("div", { class: "list-note", hidden: true });
    this.pages = new RowPages(app, (whole) => this.arrived(whole), (error) => this.failed(error));
    this.table = new Table({
      label: "Runs", sort: () => app.state.sort, setSort: (expr) => app.state.set({ sort: expr }), row: (index) => this.pages.row(index), need: (from, to) => this.pages.need(from, to),
      move: (key, before) => this.move(key, before), resize: (key, width) => this.resize(key, width), classOf: (row, index) => this.classOf(row, index), hover: (row) => app.hover.emit(row?.id ?? null),
      open: (row, anchor) => runMenu(app, anchor, row),
    });
    this.sparks = new Sparklines(app, () => this.table.refresh());
    this.element = h("div", { class: "t-place" }, this.note, this.table.element);
  }

  ask(): void {
    const state = this.app.state;
    this.sparks.metric = state.get("spark");
    // Rows come at once with the columns that are known; in which the matched runs differ takes longer to say.
    this.pages.ask({ query: state.get("q"), sort: state.sort, archived: state.flag("archived"), columns: splitTop(state.get("cols")).join(",") || this.defaults.join(",") });
  }

  private question(): string {
    return JSON.stringify([this.app.state.get("q"), this.app.state.flag("archived")]);
  }

  /** After another query other columns may differ. */
  private async differ(): Promise<void> {
    const state = this.app.state;
    const question = this.question();
    if (state.get("cols") || question === this.defaultsOf) return;
    this.defaultsOf = question;
    try {
      const answer = await this.app.source.get<TableAnswer>("table", { query: state.get("q"), archived: state.flag("archived"), limit: 1 });
      if (question !== this.question()) return;
      const exprs = answer.columns.map((column) => column.expr);
      this.constants = answer.constants ?? [];
      if (answer.matched && exprs.join() !== this.defaults.join()) {
        this.defaults = exprs;
        this.ask();
      } else this.counted();
    } catch (error) {
      this.failed(error);
    }
  }

  refresh(): void {
    this.sparks.forget();
    this.pages.refresh();
  }

  marks(): void {
    this.take();
    this.table.refresh();
  }

  private take(): void {
    this.shown = new Set(this.app.shown());
    this.chosen = new Set(this.app.state.list("sel"));
    this.app.slots.give([...this.shown]);
  }

  redrawHeads(): void {
    this.shape = "";
    this.arrived(false);
  }

  get matched(): number {
    return this.pages.matched;
  }

  get answer(): RowPages["answer"] {
    return this.pages.answer;
  }

  rowsById(ids: string[]): Row[] {
    return ids.map((id) => this.app.rows.get(id)).filter((row): row is Row => row !== undefined);
  }

  end(): void {
    this.pages.end();
    this.table.end();
  }

  key(event: KeyboardEvent): boolean {
    const move = event.key === "j" || event.key === "ArrowDown" ? 1 : event.key === "k" || event.key === "ArrowUp" ? -1 : 0;
    if (move) {
      const before = this.at;
      this.at = Math.max(0, Math.min(this.pages.matched - 1, this.at + move));
      this.table.redraw(before);
      this.table.scrollTo(this.at);
      this.table.redraw(this.at);
      return true;
    }
    if (event.key === "Escape" && this.app.state.get("sel")) {
      this.app.select([]);
      return true;
    }
    const row = this.pages.row(this.at);
    if (!row) return false;
    if (event.key === "x") this.app.toggleSelected(row.id);
    else if (event.key === "e") this.app.toggleEye(row.id);
    else if (event.key === "b") this.app.toggleBase(row.id);
    else if (event.key === "Enter" && !(event.target as Element).closest("a, button, input")) this.app.state.open("run", { id: row.id });
    else return false;
    return true;
  }

  private arrived(whole: boolean): void {
    const answer = this.pages.answer;
    if (!answer) return;
    if (whole) {
      this.frame.query.setMatched(answer.matched, answer.total);
      if (!this.app.state.list("sel").length) this.app.setFirst(this.pages.loaded().slice(0, Number(this.app.state.get("n")) || 10).map((row) => row.id));
      this.take();
      if (!this.defaults.length && !this.app.state.get("cols")) {
        this.defaults = answer.columns.map((column) => column.expr);
        this.defaultsOf = this.question();
        this.constants = answer.constants ?? [];
      } else void this.differ();
      this.note.hidden = answer.matched > 0 && !answer.warnings?.length && !answer.unreadable?.length;
      clear(this.note, ...(answer.warnings ?? []).map((line) => h("p", { class: "warning" }, line)),
        ...(answer.unreadable ?? []).slice(0, 3).map((each) => h("p", { class: "warning" }, `${each.folder} can't be read: ${each.why}`)),
        answer.matched ? null : answer.total ? empty(`None of ${plural(answer.total, "run")} matches this query.`, [], button("Clear the query", () => this.app.state.set({ q: null })))
          : empty("No runs yet. A program that makes a stet::Run writes one here:", [`build/release/bin/mnist --runs ${this.app.hello.folder}`]));
    }
    const shape = JSON.stringify([answer.columns.map((column) => [column.expr, column.kind]), this.app.state.sort, this.app.state.get("fixed"), this.app.state.get("spark"), [...this.widths]]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.table.setColumns(this.columns(answer.columns));
    }
    this.table.element.hidden = answer.matched === 0;
    this.table.setCount(this.pages.matched);
    this.counted();
  }

  private failed(error: unknown): void {
    if (!this.frame.query.failed(error)) this.app.report(error);
  }

  private classOf(row: Row, index: number): string {
    const state = this.app.state;
    return [this.chosen.has(row.id) ? "selected" : "", state.get("base") === row.id ? "base" : "", index === this.at ? "at" : ""].join(" ");
  }

  private columns(answered: Column[]): TableColumn[] {
    const fixed = new Set(this.app.state.list("fixed"));
    const columns: TableColumn[] = [this.choice(), this.name(), this.status(), this.made(), this.tags()];
    if (this.app.state.get("spark")) columns.push(this.sparks.column());
    answered.slice(0, MOST).forEach((column, i) => {
      if (["name", "status", "made", "tags", "id"].includes(column.expr)) return;
      columns.push(this.column(column, i, fixed.has(column.expr)));
    });
    for (const column of columns) column.width = this.widths.get(column.key) ?? column.width;
    return columns;
  }

  private choice(): TableColumn {
    return {
      key: "select", label: "", width: 64, pinned: true, right: false, movable: false, fill: (cell, row) => {
        let box = cell.firstElementChild?.firstElementChild as HTMLInputElement | null;
        let eye = cell.lastElementChild as HTMLButtonElement | null;
        if (!box || !eye) {
          box = h("input", { type: "checkbox" });
          eye = h("button", { type: "button", class: "swatch" });
          cell.append(h("label", { class: "hit" }, box), eye);
          box.addEventListener("click", (event) => this.pick(box?.dataset.id as string, event));
          eye.addEventListener("click", () => this.app.toggleEye(eye?.dataset.id as string));
        }
        const shown = this.shown.has(row.id);
        const slot = this.app.slots.of(row.id);
        box.dataset.id = eye.dataset.id = row.id;
        box.checked = this.chosen.has(row.id);
        box.setAttribute("aria-label", `Select ${row.name}`);
        eye.className = `swatch s${slot % 12} d${Math.floor(slot / 12) % 3}${shown ? "" : " off"}`;
        eye.setAttribute("aria-pressed", String(shown));
        eye.setAttribute("aria-label", `${shown ? "Hide" : "Show"} the curve of ${row.name}`);
      },
    };
  }

  private lastPicked = "";

  /** With shift all from the last chosen one to this. */
  private pick(id: string, event: MouseEvent): void {
    const from = this.pages.indexOf(this.lastPicked);
    const to = this.pages.indexOf(id);
    if (event.shiftKey && from >= 0 && to >= 0) {
      const chosen = new Set(this.app.state.list("sel"));
      for (let i = Math.min(from, to); i <= Math.max(from, to); ++i) {
        const row = this.pages.row(i);
        if (row) chosen.add(row.id);
      }
      this.app.select([...chosen]);
    } else this.app.toggleSelected(id);
    this.lastPicked = id;
  }

  private name(): TableColumn {
    return {
      key: "name", label: "name", width: 232, pinned: true, right: false, sort: "name", movable: false, exact: (row) => `${row.name}\n${row.id}`, fill: (cell, row) => {
        let link = cell.firstElementChild as HTMLAnchorElement | null;
        if (!link) {
          link = h("a", { class: "name" });
          const more = iconButton("more", "More", (event) => runMenu(this.app, event.currentTarget as Element, this.app.rows.get(cell.dataset.id as string) as Row));
          cell.append(link, more);
        }
        cell.dataset.id = row.id;
        link.textContent = visible(row.name || row.id);
        link.href = this.app.state.link("run", { id: row.id });
      },
    };
  }

  private status(): TableColumn {
    return {
      key: "status", label: "status", width: 116, pinned: false, right: false, sort: "status", movable: false, menu: (anchor) => void filterMenu(this.app, anchor, "status", "status", "status"), fill: (cell, row) => {
        const left = row.status === "running" && row.left_s ? ` ${durationText(row.left_s)} left` : "";
        clear(cell, h("span", { class: `status ${statusOf(row).kind}` }, `${statusOf(row).glyph} ${left ? "" : statusOf(row).word}${left}`), row.verified ? h("span", { class: "status verified", title: "verified", role: "img", "aria-label": "verified" }, " ◆") : null);
      },
    };
  }

  private made(): TableColumn {
    return { key: "made", label: "made", width: 96, pinned: false, right: true, sort: "made", movable: false, exact: (row) => date(row.made), fill: (cell, row) => {
      cell.textContent = ago(row.made);
    } };
  }

  private tags(): TableColumn {
    return {
      key: "tags", label: "tags", width: 140, pinned: false, right: false, movable: false, menu: (anchor) => void filterMenu(this.app, anchor, "tags", "tags", "tags"), fill: (cell, row) => {
        clear(cell, ...row.tags.map((tag) => h("span", { class: "tag" }, tag)), this.app.writable ? iconButton("tag", `Tags of ${row.name}`, () => editTags(this.app, [row]), { class: "icon-button quiet" }) : null);
      },
    };
  }

  private column(column: Column, at: number, pinned: boolean): TableColumn {
    const values = this.pages.loaded().slice(0, 200).map((row) => row.values[at]);
    const right = column.kind !== "text" && column.kind !== "tags" && column.kind !== "status" && column.kind !== "bool";
    // A parameter is read as it was written; results of one metric are compared, so they have one precision.
    const places = column.kind !== "number" ? undefined : column.expr.startsWith("params") ? -1 : sharedDecimals(values.map((each) => toNumber(each)));
    const label = exprLabel(column.expr);
    const longest = Math.max(label.length + 3, ...values.slice(0, 60).map((each) => value(each, column.kind, places).length));
    return {
      key: column.expr, label, width: Math.max(72, Math.min(WIDTHS[column.kind] * 2, longest * 7 + 20)), pinned, right, sort: column.expr, movable: true, menu: (anchor) => this.headMenu(anchor, column, pinned), exact: (row) => exact(row.values[at], column.kind), fill: (cell, row) => {
        const each = row.values[at];
        const text = value(each, column.kind, places);
        if (column.expr === "note" && this.app.writable) clear(cell, text, iconButton("more", `Add a note to ${row.name}`, () => addNote(this.app, row.id), { class: "icon-button quiet" }));
        else cell.textContent = visible(text);
        cell.classList.toggle("nan", each === "NaN");
      },
    };
  }

  private headMenu(anchor: Element, column: Column, pinned: boolean): void {
    const state = this.app.state;
    const label = exprLabel(column.expr);
    const fixed = state.list("fixed");
    const metric = /^metrics\["((?:[^"\\]|\\.)*)"\]/.exec(column.expr);
    const items: (Item | null)[] = [
      { label: "Ascending", checked: state.sort === column.expr, act: () => state.set({ sort: column.expr }) },
      { label: "Descending", checked: state.sort === `-${column.expr}`, act: () => state.set({ sort: `-${column.expr}` }) },
      { label: "Filter by value…", act: () => void filterMenu(this.app, anchor, column.expr, label, column.kind) },
      { label: "Group by this", act: () => state.set({ group: column.expr }) },
      ...(metric ? [{ label: "Curves in the table", checked: state.get("spark") === metric[1], act: () => state.set({ spark: state.get("spark") === metric[1] ? null : metric[1] }) }] : []),
      null,
      { label: pinned ? "Unpin" : "Pin to the left", act: () => state.set({ fixed: pinned ? fixed.filter((each) => each !== column.expr) : [...fixed, column.expr] }) },
      { label: "Move left", act: () => this.shift(column.expr, -1) },
      { label: "Move right", act: () => this.shift(column.expr, 1) },
      { label: "Hide", act: () => this.setColumns(this.exprs().filter((each) => each !== column.expr)) },
    ];
    menu(anchor, `Column ${label}`, items);
  }

  private exprs(): string[] {
    return (this.pages.answer?.columns ?? []).map((column) => column.expr);
  }

  private setColumns(exprs: string[]): void {
    this.app.state.set({ cols: exprs.join(",") });
  }

  private shift(expr: string, by: number): void {
    const exprs = this.exprs();
    const from = exprs.indexOf(expr);
    const to = from + by;
    if (to < 0 || to >= exprs.length) return;
    [exprs[from], exprs[to]] = [exprs[to], exprs[from]];
    this.setColumns(exprs);
  }

  private move(key: string, before: string | null): void {
    const exprs = this.exprs().filter((each) => each !== key);
    const at = before ? exprs.indexOf(before) : exprs.length;
    exprs.splice(at < 0 ? 0 : at, 0, key);
    this.setColumns(exprs);
  }

  private readonly resize = debounce(16, (key: string, width: number) => {
    this.widths.set(key, width);
    this.redrawHeads();
  });
}

/** The condition that holds for a group alone. */
function groupCondition(by: string[], key: Value[]): string {
  return by.map((expr, i) => (key[i] === null ? `${expr} == none` : `${expr} == ${literal(key[i])}`)).join(" and ");
}

export function runsView(app: App, frame: Frame, element: HTMLElement): Page {
  const tools = h("div", { class: "board-tools", role: "toolbar", "aria-label": "Table" });
  const place = h("div", { class: "runs-place" });
  element.append(h("h1", { class: "offscreen" }, "Runs"), tools, place);
  const table = new RunsTable(app, frame, () => toolbar());
  const groups = new Groups(app, frame, (by, key) => app.state.set({ q: and(app.state.get("q"), groupCondition(by, key)), group: null }));

  const allOf = async (): Promise<void> => {
    try {
      const answer = await app.source.get<{ ids: string[] }>("ids", { query: app.state.get("q"), sort: app.state.sort, archived: app.state.flag("archived") });
      app.select(answer.ids.slice(0, 1000));
    } catch (error) {
      app.report(error);
    }
  };

  const toggle = (label: string, name: string): HTMLElement => {
    const on = app.state.flag(name);
    return button(label, () => app.state.set({ [name]: on ? null : "1" }), { class: "toggle", "aria-pressed": String(on) });
  };

  function toolbar(): void {
    const state = app.state;
    const chosen = state.list("sel");
    const grouped = splitTop(state.get("group"));
    const constants = table.constants;
    const many = (table.answer?.columns.length ?? 0) > MOST;
    clear(tools, h("span", { class: "count" }, plural(table.matched, "run")),
      h("button", { type: "button", onclick: (event: MouseEvent) => void chooseColumns(app, event.currentTarget as Element, table.answer?.columns ?? []) }, icon("columns"), "Columns"),
      h("button", { type: "button", onclick: (event: MouseEvent) => void groups.choose(event.currentTarget as Element) }, grouped.length ? `Grouped by ${grouped.map(exprLabel).join(", ")}` : "Group"),
      grouped.length ? button("Ungroup", () => state.set({ group: null, of: null })) : null,
      constants.length ? h("button", {
        type: "button", class: "plain", onclick: (event: MouseEvent) => menu(event.currentTarget as Element, "Equal in all of these runs", constants.slice(0, 30).map((each) => ({ label: `${exprLabel(each.expr)} = ${exact(each.value, "text")}`, act: () => state.set({ cols: [...(table.answer?.columns ?? []).map((column) => column.expr), each.expr].join(",") }) }))),
      }, `${plural(constants.length, "constant")} hidden`) : null,
      many ? h("span", { class: "muted" }, `${MOST} of ${table.answer?.columns.length} columns; choose under Columns`) : null,
      h("span", { class: "grow" }));
    if (chosen.length) {
      append(tools, h("span", { class: "count" }, `${chosen.length} selected`), h("a", { class: "button", href: state.link("home") }, "Curves"), chosen.length > 1 ? h("a", { class: "button", href: state.link("compare") }, "Compare") : null,
        app.writable ? button("Tags…", () => editTags(app, table.rowsById(chosen))) : null,
        app.writable ? button("Archive", () => void post(app, "archive", { ids: chosen, archived: true }, `Archived ${plural(chosen.length, "run")}`)) : null, button("Clear", () => app.select([])));
    } else if (table.matched) append(tools, button(table.matched > 1000 ? "Select the first 1,000" : "Select all", () => void allOf()));
    append(tools, toggle("Compact rows", "dense"), toggle("Archived too", "archived"));
  }

  const which = (): void => {
    const grouped = app.state.get("group") !== "";
    clear(place, grouped ? groups.element : table.element);
    if (grouped) void groups.ask();
    table.ask();
  };
  which();
  toolbar();
  return {
    update(changed) {
      if (changed.has("group") || changed.has("of")) which();
      else if (["q", "sort", "archived", "cols", "spark"].some((name) => changed.has(name))) {
        table.ask();
        if (app.state.get("group")) void groups.ask();
      }
      if (changed.has("fixed")) table.redrawHeads();
      if (changed.has("dense")) table.table.fit();
      if (["sel", "hide", "show", "base"].some((name) => changed.has(name))) table.marks();
      toolbar();
    },
    news() {
      table.refresh();
      if (app.state.get("group")) void groups.ask();
    },
    key: (event) => table.key(event),
    end: () => table.end(),
  };
}
