// Two runs or more side by side: only what differs, and where their bits part.

import type { App, Page } from "../app";
import { numberText, plural } from "../chart/text";
import { append, button, clear, empty, h, iconButton } from "../dom";
import { exact, literal, shell, signed, toNumber } from "../format";
import type { Frame } from "../frame";
import type { CompareAnswer, CompareRow, TableAnswer } from "../types";
import { DivergenceCard } from "./divergence";
import { patches } from "./patches";
import { swatch } from "./run_name";

// More columns than these are no comparison but a table; the server's bound (compare.cpp).
const MOST = 24;

type Kind = "text" | "number";

class Comparison {
  readonly element = h("div", { class: "compare stack" });
  private divergence: DivergenceCard | null = null;
  private asked = 0;

  constructor(private readonly app: App) {}

  get runs(): string[] {
    return this.app.state.list("sel").slice(0, MOST);
  }

  async load(): Promise<void> {
    const mine = ++this.asked;
    const ids = this.runs;
    if (ids.length < 2) {
      this.drop();
      clear(this.element, this.nothing());
      return;
    }
    this.element.setAttribute("aria-busy", "true");
    try {
      const answer = await this.app.source.get<CompareAnswer>("compare", { runs: ids });
      await this.askNames(ids);
      if (mine === this.asked) this.show(ids, answer);
    } catch (error) {
      if (mine === this.asked) clear(this.element, this.surplus(), empty(error instanceof Error ? error.message : String(error)));
    } finally {
      if (mine === this.asked) this.element.removeAttribute("aria-busy");
    }
  }

  end(): void {
    ++this.asked;
    this.drop();
  }

  private drop(): void {
    this.divergence?.end();
    this.divergence = null;
  }

  private show(ids: string[], answer: CompareAnswer): void {
    const { app } = this;
    app.slots.give(ids);
    this.drop();
    if (answer.divergence) this.divergence = new DivergenceCard(app, ids, answer.divergence);
    const several = !answer.divergence && ids.length > 2;
    clear(this.element, this.surplus(), this.divergence?.element, several ? this.pairs(ids) : null, h("h2", {}, "What differs"),
      this.differences(ids, answer.rows) ?? h("p", { class: "muted" }, "Parameters, data, source and environment are the same."),
      ids.length === 2 && app.source.live ? patches(app, ids) : null);
  }

  /** What is said where more runs are selected than are compared. */
  private surplus(): HTMLElement | null {
    const count = this.app.state.list("sel").length;
    if (count <= MOST) return null;
    return h("p", { class: "warning surplus", role: "status" }, `${plural(count, "run")} are selected, and at most ${MOST} are compared: these are the first ${MOST}. `, h("a", { href: this.app.state.link("runs") }, "The table has all of them."));
  }

  private nothing(): HTMLElement {
    const { app } = this;
    return empty("Select two runs or more to compare them: in the list of runs, by the box before their names or the key x.", [`stet compare RUN OTHER --runs ${shell(app.hello.folder)}`],
      h("div", { class: "row" }, h("a", { class: "button", href: app.state.link("runs") }, "Choose runs"), button("Compare the two newest", () => void this.newest())));
  }

  private async newest(): Promise<void> {
    const { app } = this;
    try {
      const answer = await app.source.get<TableAnswer>("table", { query: app.state.get("q"), sort: "-made", columns: "-", limit: 2 });
      app.know(answer.rows);
      if (answer.rows.length === 2) app.select(answer.rows.map((row) => row.id).reverse());
    } catch (error) {
      app.report(error);
    }
  }

  /** Names of runs that no list has shown yet. */
  private async askNames(ids: string[]): Promise<void> {
    const missing = ids.filter((id) => !this.app.rows.has(id));
    if (!missing.length) return;
    const query = missing.map((id) => `id == ${literal(id)}`).join(" or ");
    const answer = await this.app.source.get<TableAnswer>("table", { query, columns: "-", archived: true, limit: MOST });
    this.app.know(answer.rows);
  }

  private pairs(ids: string[]): HTMLElement {
    const { app } = this;
    const base = app.state.get("base");
    const against = ids.includes(base) ? base : ids[0];
    const links = ids.filter((id) => id !== against).flatMap((id, i) => [i ? ", " : "", h("a", { href: app.state.link("compare", { sel: [against, id] }) }, `${app.name(against)} and ${app.name(id)}`)]);
    return h("p", { class: "muted" }, "Where two of them part, bit for bit: ", ...links);
  }

  /** One table, so that a run's column stands under its name in every part. */
  private differences(ids: string[], rows: CompareAnswer["rows"]): HTMLElement | null {
    const parts: [string, CompareRow[], Kind][] = [["Parameters", rows.params, "text"], ["Metrics, last values", rows.metrics, "number"], ["Data", rows.data, "text"], ["Source", rows.source, "text"], ["Environment", rows.environment, "text"]];
    const filled = parts.filter(([, each]) => each.length);
    if (!filled.length) return null;
    const table = h("table", { class: "data compare-table" }, h("thead", {}, h("tr", {}, h("td"), ...ids.map((id) => this.head(ids, id)))));
    for (const [title, each, kind] of filled) {
      append(table, h("tbody", {}, h("tr", {}, h("th", { class: "part", scope: "rowgroup", colspan: ids.length + 1 }, title)), ...each.map((row) => this.difference(ids, row, kind))));
    }
    return h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "What differs" }, table);
  }

  private head(ids: string[], id: string): HTMLElement {
    const { app } = this;
    const without = (): void => app.select(app.state.list("sel").filter((other) => other !== id));
    return h("th", { scope: "col" }, h("div", { class: "run-column" }, swatch(app, id), h("a", { class: "run-name", href: app.state.link("run", { id }), title: `${app.name(id)}\n${id}` }, app.name(id)),
      ids.length > 2 ? iconButton("close", `Without ${app.name(id)}`, without) : null));
  }

  private difference(ids: string[], row: CompareRow, kind: Kind): HTMLElement {
    const base = ids.indexOf(this.app.state.get("base"));
    const cells = row.values.map((each, i) => {
      const against = base >= 0 && i !== base && kind === "number" ? toNumber(each) - toNumber(row.values[base]) : NaN;
      const text = each === null ? "–" : kind === "number" ? numberText(toNumber(each), 6) : exact(each, "text");
      return h("td", { class: `wrap${each === null ? " muted" : ""}`, title: exact(each, kind) }, text, Number.isNaN(against) ? null : h("span", { class: "muted" }, ` (${signed(against)})`));
    });
    return h("tr", {}, h("th", { scope: "row" }, row.name), ...cells);
  }
}

export function compareView(app: App, _frame: Frame, element: HTMLElement): Page {
  const comparison = new Comparison(app);
  element.append(h("h1", { class: "offscreen" }, "Compare"), comparison.element);
  void comparison.load();
  return {
    update(changed) {
      if (changed.has("sel") || changed.has("base")) void comparison.load();
    },
    news(news) {
      if (news.all || comparison.runs.some((id) => news.runs.has(id))) void comparison.load();
    },
    end: () => comparison.end(),
  };
}
