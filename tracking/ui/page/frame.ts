// What stands over every view: where one is, the query, how many runs there are, saved views, and help.

import type { App } from "./app";
import { plural } from "./chart/text";
import { append, button, clear, copy, dialog, h, iconButton, menu, say, visible, type Item } from "./dom";
import { shell } from "./format";
import { QueryBar } from "./query_bar";
import type { ViewName } from "./state";
import type { Counts, View } from "./types";

const NAMES: [ViewName, string][] = [["home", "Curves"], ["runs", "Runs"], ["compare", "Compare"], ["media", "Media"], ["parameters", "Parameters"]];
const LOCAL_VIEWS = "stet.views";

const KEYS: [string, string][] = [
  ["/", "write a query"], ["j  k", "next run, previous run"], ["x", "select the run"], ["e", "show or hide its curve"], ["b", "make it the baseline"], ["Enter", "open it"],
  ["c", "compare the selected runs"], ["g h", "curves"], ["g r", "runs"], ["g c", "compare"], ["g m", "media"], ["g p", "parameters"], ["Esc", "close, or clear the selection"], ["?", "this list"],
];

export class Frame {
  readonly query: QueryBar;
  private readonly nav: HTMLElement;
  private readonly counts: HTMLElement;
  private waiting = false;

  constructor(private readonly app: App, element: HTMLElement) {
    this.query = new QueryBar(app);
    this.nav = h("nav", { "aria-label": "Views" });
    this.counts = h("div", { class: "counts" });
    const bar = h("header", { class: "bar" });
    append(bar, h("a", { class: "brand", href: "#/home", title: app.hello.folder }, "stet"), this.nav, this.query.element, this.counts,
      iconButton("bookmark", "Saved views", (event) => void this.views(event.currentTarget as Element)),
      iconButton("copy", "Copy the address or the command", (event) => this.copies(event.currentTarget as Element)),
      button("?", () => this.help(), { class: "icon-button", title: "Keys", "aria-label": "Keys" }));
    element.append(bar, h("div", { class: "silent-note", role: "status" }, "stet ui does not answer; what is shown is as of before. Start it again with: stet ui"));
    app.counts.on((counts) => this.count(counts));
    this.count(app.hello.runs);
    this.update();
    document.addEventListener("keydown", (event) => this.key(event));
  }

  update(changed = new Set<string>()): void {
    document.body.classList.toggle("dense", this.app.state.flag("dense"));
    const chosen = this.app.state.list("sel").length;
    clear(this.nav, ...NAMES.map(([view, name]) => h("a", {
      href: this.app.state.link(view), "aria-current": this.app.state.view === view || (view === "runs" && this.app.state.view === "run") ? "page" : null,
    }, name, view === "compare" && chosen > 1 ? h("span", { class: "badge" }, chosen) : null)));
    if (changed.has("q") || document.activeElement !== this.query.input) this.query.show();
  }

  help(): void {
    const list = h("dl", { class: "keys" });
    for (const [key, what] of KEYS) append(list, h("dt", {}, ...key.split("  ").map((each) => h("kbd", {}, each))), h("dd", {}, what));
    dialog("Keys", h("div", {}, list, h("p", { class: "muted" }, `stet ${this.app.hello.version}, runs in ${this.app.hello.folder}`)));
  }

  private count(counts: Counts): void {
    clear(this.counts, this.app.reading ? h("span", { class: "status running" }, "reading the folder…") : null, h("span", {}, plural(counts.total, "run")),
      counts.running ? h("span", { class: "status running" }, `● ${counts.running} running`) : null,
      counts.stalled ? h("span", { class: "status stalled" }, `● ${counts.stalled} stalled`) : null,
      counts.failed ? h("span", { class: "status failed" }, `✕ ${counts.failed} failed`) : null);
    const parts = [counts.running ? `${counts.running} running` : "", counts.failed ? `${counts.failed} failed` : ""].filter(Boolean);
    const folder = this.app.hello.folder.split("/").filter(Boolean).pop() ?? "";
    document.title = visible(`${parts.length ? parts.join(", ") + " · " : ""}${this.app.subject || folder} · stet`);
  }

  private async views(anchor: Element): Promise<void> {
    let views: View[] = [];
    try {
      views = await this.saved();
    } catch (error) {
      this.app.report(error);
    }
    const items: (Item | null)[] = views.map((view) => ({ label: view.name, act: () => this.app.state.restore(view.state) }));
    if (!items.length) items.push({ label: "No view has been saved yet", disabled: true, act: () => undefined });
    items.push(null, { label: "Save this view…", act: () => this.save() });
    if (views.length) items.push({ label: "Delete a view…", act: () => this.drop(views) });
    menu(anchor, "Saved views", items);
  }

  private async saved(): Promise<View[]> {
    if (this.app.writable) return await this.app.source.get<View[]>("views");
    try {
      return JSON.parse(localStorage.getItem(LOCAL_VIEWS) ?? "[]") as View[];
    } catch {
      return [];
    }
  }

  private async keep(name: string, state: string | null): Promise<void> {
    try {
      if (this.app.writable) await (state === null ? this.app.source.post("views/delete", { name }) : this.app.source.post("views", { name, state }));
      else {
        const others = (await this.saved()).filter((view) => view.name !== name);
        localStorage.setItem(LOCAL_VIEWS, JSON.stringify(state === null ? others : [...others, { name, state, time: Date.now() / 1000, author: "" }]));
      }
      say(state === null ? `Deleted the view ${name}` : `Saved as ${name}`);
    } catch (error) {
      this.app.report(error);
    }
  }

  private save(): void {
    const input = h("input", { type: "text", "aria-label": "Name of the view", required: true, maxlength: 200 });
    const form = h("form", {
      class: "stack", onsubmit: (event: Event) => {
        event.preventDefault();
        void this.keep(input.value.trim(), this.app.state.save()).then(() => box.close());
      },
    }, h("label", {}, "Name", input), h("p", { class: "muted" }, this.app.writable ? "Saved in the runs folder, for everyone who opens it." : "Saved in this browser."), h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Save")));
    const box = dialog("Save this view", form);
    input.focus();
  }

  private drop(views: View[]): void {
    const list = h("ul", { class: "plain" });
    for (const view of views) {
      const row: HTMLElement = h("li", { class: "spread" }, h("span", {}, view.name), button("Delete", () => void this.keep(view.name, null).then(() => row.remove()), { "aria-label": `Delete ${view.name}` }));
      list.append(row);
    }
    dialog("Delete a view", list);
  }

  private copies(anchor: Element): void {
    const state = this.app.state;
    const query = state.get("q");
    const table = ["stet ls", query ? shell(query) : "", `--sort ${shell(state.sort)}`, state.get("cols") ? `--columns ${shell(state.get("cols"))}` : "",
      state.get("group") && state.view === "runs" ? `--group-by ${shell(state.get("group"))}` : "", `--runs ${shell(this.app.hello.folder)}`].filter(Boolean).join(" ");
    menu(anchor, "Copy", [
      { label: "Address of this view", act: () => void copy(location.href, "the address") },
      { label: "Command that prints this table", act: () => void copy(table, "the command") },
      { label: "Command that exports these runs", act: () => void copy(`stet export ${query ? `${shell(query)} ` : ""}--to html page --runs ${shell(this.app.hello.folder)}`, "the command") },
      { label: "Path of the runs folder", act: () => void copy(this.app.hello.folder, "the path") },
    ]);
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog, .popover")) return;
    if (this.waiting) {
      this.waiting = false;
      const view = { h: "home", r: "runs", c: "compare", m: "media", p: "parameters" }[event.key] as ViewName | undefined;
      if (view) this.app.state.open(view);
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      this.query.input.focus();
      this.query.input.select();
    } else if (event.key === "?") this.help();
    else if (event.key === "g") this.waiting = true;
    else if (event.key === "c" && this.app.state.list("sel").length > 1) this.app.state.open("compare");
  }
}
