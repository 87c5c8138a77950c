// The query over all views: completion, hits while typing, the error under its column, and what was asked before.

import type { App } from "./app";
import { countText, plural } from "./chart/text";
import { append, clear, debounce, h, icon, iconButton, menu } from "./dom";
import { Failure } from "./source";
import type { Completion, Hint, QueryError } from "./types";

const STORE = "stet.queries";
const REMEMBERED = 30;

function remembered(): string[] {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "[]") as string[];
  } catch {
    return [];
  }
}

function remember(query: string): void {
  if (!query) return;
  try {
    localStorage.setItem(STORE, JSON.stringify([query, ...remembered().filter((other) => other !== query)].slice(0, REMEMBERED)));
  } catch {
    // A browser that keeps nothing has no history of queries.
  }
}

/** Code points, by which the server counts columns, to places in the text. */
const units = (text: string, points: number): number => [...text].slice(0, points).join("").length;

export class QueryBar {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly hits: HTMLElement;
  private readonly below: HTMLElement;
  private readonly wipe: HTMLElement;
  private completions: Completion[] = [];
  private from = 0;
  private at = -1;
  private asked = 0;
  private readonly ask = debounce(80, () => void this.hint());

  constructor(private readonly app: App) {
    const live = app.source.live;
    this.list = h("div", { class: "completions", id: "completions", role: "listbox", "aria-label": "Completions", hidden: true });
    this.hits = h("span", { class: "hits", role: "status", "aria-live": "polite" });
    this.below = h("div", { class: "query-error", id: "query-error", role: "alert", hidden: true });
    this.input = h("input", {
      type: "text", class: "query", role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: false, "aria-label": "Query", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": "completions", "aria-describedby": "query-error",
      placeholder: live ? 'Which runs? params.lr < 1e-3 and metrics["val/loss"].min < 0.2, or a part of a name' : "A part of a name, id or tag (this page is an export; stet ui takes whole queries)",
      oninput: () => this.ask(), onkeydown: (event: KeyboardEvent) => this.key(event), onfocus: () => this.input.value && this.ask(),
      onblur: () => window.setTimeout(() => this.close(), 120), onclick: () => this.ask(),
    });
    this.wipe = iconButton("close", "Clear the query", () => {
      this.input.value = "";
      this.apply();
      this.input.focus();
    });
    const past = iconButton("history", "Earlier queries", (event) => {
      const queries = remembered();
      menu(event.currentTarget as Element, "Earlier queries", queries.length ? queries.slice(0, 12).map((query) => ({ label: query, act: () => this.use(query) })) : [{ label: "No query has been asked yet", act: () => undefined, disabled: true }]);
    });
    this.element = h("div", { class: "query-bar", role: "search" });
    append(this.element, h("div", { class: "query-field" }, icon("search"), this.input, this.hits, this.wipe, past), this.list, this.below);
    this.show();
  }

  /** What the address holds, where nobody is typing. */
  show(): void {
    if (this.input.value !== this.app.state.get("q")) this.input.value = this.app.state.get("q");
    this.wipe.hidden = !this.input.value;
    this.fault(null);
  }

  setMatched(matched: number, total: number): void {
    this.hits.textContent = this.app.state.get("q") ? `${countText(matched)} of ${countText(total)}` : "";
  }

  /** A view's question failed for this query: the error is shown here, under its column. Says whether it was one of the query. */
  failed(error: unknown): boolean {
    if (!(error instanceof Failure) || !error.query) return false;
    this.fault(error.query);
    return true;
  }

  private use(query: string): void {
    this.input.value = query;
    this.apply();
  }

  private apply(): void {
    const query = this.input.value.trim();
    this.close();
    remember(query);
    this.app.state.set({ q: query });
    this.wipe.hidden = !query;
  }

  private async hint(): Promise<void> {
    const query = this.input.value;
    this.wipe.hidden = !query;
    const caret = [...query.slice(0, this.input.selectionStart ?? query.length)].length;
    const asked = ++this.asked;
    try {
      const hint = await this.app.source.get<Hint>("hint", { query, caret });
      if (asked !== this.asked || document.activeElement !== this.input) return;
      this.hits.textContent = hint.matched !== undefined && hint.matched !== null && query ? plural(hint.matched, "run") : "";
      // While a word is being typed, its end is no error yet.
      this.fault(hint.error && hint.error.column <= caret ? hint.error : null);
      this.from = units(query, hint.from);
      this.offer(hint.completions);
    } catch (error) {
      if (asked === this.asked && !this.failed(error)) this.offer([]);
    }
  }

  private offer(completions: Completion[]): void {
    this.completions = completions.slice(0, 12);
    this.at = -1;
    clear(this.list, ...this.completions.map((completion, i) => h("div", {
      role: "option", id: `completion-${i}`, "aria-selected": "false",
      onpointerdown: (event: PointerEvent) => {
        event.preventDefault();
        this.take(i);
      },
    }, h("code", {}, completion.text), h("span", { class: "detail" }, completion.detail || completion.kind))));
    this.list.hidden = this.completions.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
    this.list.style.left = `calc(32px + ${this.from}ch - ${this.input.scrollLeft}px)`;
  }

  private close(): void {
    this.ask.cancel();
    ++this.asked;
    this.offer([]);
  }

  private mark(at: number): void {
    this.at = at;
    [...this.list.children].forEach((element, i) => element.setAttribute("aria-selected", String(i === at)));
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `completion-${at}`);
  }

  private take(at: number): void {
    const { text, over } = this.completions[at];
    const query = this.input.value;
    const caret = this.input.selectionStart ?? query.length;
    this.input.value = query.slice(0, this.from) + text + query.slice(caret + over);
    const end = this.from + text.length;
    this.input.setSelectionRange(end, end);
    this.ask();
  }

  private key(event: KeyboardEvent): void {
    const count = this.list.hidden ? 0 : this.completions.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!count) {
        this.ask();
        return;
      }
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark(((this.at + step + 1 + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Tab" && count && !event.shiftKey) {
      event.preventDefault();
      this.take(Math.max(0, this.at));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.at >= 0 && count) this.take(this.at);
      else this.apply();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      // The caret goes elsewhere, where other words may stand.
      this.ask();
    } else if (event.key === "Escape") {
      if (count) this.close();
      else {
        this.show();
        this.input.blur();
      }
    }
  }

  private fault(error: QueryError | null): void {
    this.below.hidden = !error;
    this.input.setAttribute("aria-invalid", String(error !== null));
    if (!error) return;
    const column = units(this.input.value, error.column - 1);
    const caret = h("span", { class: "caret", "aria-hidden": "true" }, "^".repeat(Math.max(1, Math.min(error.length ?? 1, 40))));
    caret.style.marginLeft = `calc(${column}ch - ${this.input.scrollLeft}px)`;
    const expected = error.expected && !error.message.includes(error.expected) ? `; expected ${error.expected}` : "";
    clear(this.below, caret, h("div", {}, `${error.message}${expected} `, h("span", { class: "muted" }, `column ${error.column}`)));
  }
}
