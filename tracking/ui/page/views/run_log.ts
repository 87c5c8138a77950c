// What the program printed, from its end, with search; it grows while the program runs.

import type { App } from "../app";
import { countText, plural } from "../chart/text";
import { button, clear, debounce, empty, h, visible } from "../dom";
import type { LogAnswer } from "../types";
import { Virtual } from "../virtual";

const ROW = 18;
const CHUNK = 1000;

export class LogView {
  readonly element: HTMLElement;
  private readonly scroller: HTMLElement;
  private readonly rows: Virtual;
  private readonly count: HTMLElement;
  private readonly nothing: HTMLElement;
  private readonly search: HTMLInputElement;
  private lines = new Map<number, { text: string }>();
  private readonly asked = new Set<number>();
  private total = 0;
  private matches: number[] | null = null;
  private atEnd = true;
  private readonly typed = debounce(200, () => this.app.state.set({ search: this.search.value }, true));

  constructor(private readonly app: App, private readonly id: string) {
    this.search = h("input", { type: "search", class: "filter", placeholder: "Search the log", "aria-label": "Search the log", value: app.state.get("search"), oninput: () => this.typed() });
    this.count = h("span", { class: "muted" });
    this.nothing = h("div", {});
    this.scroller = h("div", { class: "log", tabindex: 0, role: "region", "aria-label": "Log" });
    this.rows = new Virtual(this.scroller, {
      height: ROW, role: "list", label: "Lines of the log", make: () => h("div", { class: "log-line", role: "listitem" }, h("span", { class: "log-number" }), h("span", { class: "log-text" })),
      fill: (element, index) => this.fill(element, index), seen: (from, to) => this.need(from, to),
    });
    this.scroller.addEventListener("scroll", () => {
      this.atEnd = this.scroller.scrollTop + this.scroller.clientHeight > this.scroller.scrollHeight - 2 * ROW;
    }, { passive: true });
    this.element = h("div", { class: "log-page" }, h("div", { class: "board-tools" }, this.search, this.count, h("span", { class: "grow" }), button("To the end", () => this.toEnd())), this.nothing, this.scroller);
    void this.load();
  }

  update(changed: Set<string>): void {
    if (changed.has("search")) void this.load();
  }

  refresh(): void {
    if (!this.matches) void this.load();
  }

  end(): void {
    this.typed.cancel();
    this.rows.end();
  }

  private toEnd(): void {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  private async load(): Promise<void> {
    const search = this.app.state.get("search");
    try {
      const answer = await this.app.source.get<LogAnswer>("log", { id: this.id, offset: -CHUNK, limit: CHUNK, search });
      this.total = answer.total;
      this.matches = search ? answer.matches ?? null : null;
      this.take(answer);
      const shown = this.matches ? this.matches.length : this.total;
      this.count.textContent = this.matches ? `${plural(this.matches.length, "line")} of ${countText(this.total)}` : plural(this.total, "line");
      clear(this.nothing, shown ? null : search ? empty("No line holds this text.") : empty("This run's program has printed nothing."));
      const stay = this.atEnd && !this.matches;
      this.rows.setCount(shown);
      if (stay) this.toEnd();
    } catch (error) {
      clear(this.nothing, empty(error instanceof Error ? error.message : String(error)));
    }
  }

  private take(answer: LogAnswer): void {
    for (const line of answer.lines) this.lines.set(line.n, line);
    // A long log followed for hours keeps what is near its end.
    if (this.lines.size > 40 * CHUNK) {
      this.lines = new Map([...this.lines].slice(-20 * CHUNK));
      this.asked.clear();
    }
  }

  /** Lines are counted from 1. */
  private numberOf(index: number): number {
    return this.matches ? this.matches[index] : index + 1;
  }

  private need(from: number, to: number): void {
    for (let i = from; i < to; ++i) {
      const line = this.numberOf(i);
      const chunk = Math.floor((line - 1) / CHUNK);
      if (line === undefined || this.lines.has(line) || this.asked.has(chunk)) continue;
      this.asked.add(chunk);
      void this.app.source.get<LogAnswer>("log", { id: this.id, offset: chunk * CHUNK || undefined, limit: CHUNK }).then((answer) => {
        this.take(answer);
        this.rows.refresh();
      }, (error) => this.app.report(error));
    }
  }

  private fill(element: HTMLElement, index: number): void {
    const n = this.numberOf(index);
    const line = this.lines.get(n);
    const [label, text] = [element.firstElementChild as HTMLElement, element.lastElementChild as HTMLElement];
    label.textContent = String(n);
    const search = this.app.state.get("search");
    const at = search && line ? line.text.toLowerCase().indexOf(search.toLowerCase()) : -1;
    if (at < 0 || !line) text.textContent = visible(line?.text ?? "");
    else clear(text, line.text.slice(0, at), h("mark", {}, line.text.slice(at, at + search.length)), line.text.slice(at + search.length));
  }
}
