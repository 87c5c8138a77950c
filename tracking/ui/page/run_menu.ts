// What can be done to runs, from any list of them.

import type { App } from "./app";
import { append, button, clear, copy, dialog, h, menu, popover, say } from "./dom";
import { exact, shell, STATUS } from "./format";
import type { Json, Row, Run } from "./types";

export function statusOf(row: { status: string; stalled?: boolean }): { glyph: string; word: string; kind: string } {
  const kind = row.stalled && row.status === "running" ? "stalled" : row.status;
  return { ...(STATUS[kind] ?? { glyph: "?", word: kind }), kind };
}

export function statusMark(row: { status: string; stalled?: boolean }, word = false): HTMLElement {
  const status = statusOf(row);
  return h("span", { class: `status ${status.kind}`, title: status.word, role: "img", "aria-label": status.word }, status.glyph, word ? ` ${status.word}` : "");
}

export async function post(app: App, path: string, body: Json, done: string): Promise<void> {
  try {
    await app.source.post(path, body);
    say(done);
    await app.poll();
  } catch (error) {
    app.report(error);
  }
}

export function runMenu(app: App, anchor: Element, row: Row): void {
  const folder = `${app.hello.folder.replace(/\/$/, "")}/${row.id}`;
  const base = app.state.get("base") === row.id;
  menu(anchor, `Run ${row.name}`, [
    { label: "Open", act: () => app.state.open("run", { id: row.id }), detail: "Enter" },
    { label: "Changed since the previous run…", act: () => void changes(app, anchor, row.id) },
    { label: base ? "No longer the baseline" : "Make it the baseline", act: () => app.toggleBase(row.id), detail: "b" },
    ...(app.state.get("base") && !base ? [{ label: "Compare with the baseline", act: () => app.state.open("compare", { sel: `${app.state.get("base")},${row.id}` }) }] : []),
    null,
    { label: "Copy id", act: () => void copy(row.id, "the id") },
    { label: "Copy path", act: () => void copy(folder, "the path") },
    { label: "Copy the command that resumes it", act: () => void copy(`stet resume ${shell(row.id)} --runs ${shell(app.hello.folder)}`, "the command") },
    ...(app.writable ? [null,
      { label: "Tags…", act: () => editTags(app, [row]) },
      { label: "Add a note…", act: () => addNote(app, row.id) },
      { label: "Rename…", act: () => rename(app, row) },
      { label: row.archived ? "Take out of the archive" : "Archive", act: () => void post(app, "archive", { ids: [row.id], archived: !row.archived }, row.archived ? "Taken out of the archive" : "Archived") }] : []),
  ]);
}

/** What was another in the previous run of the same program. */
export async function changes(app: App, anchor: Element, id: string): Promise<void> {
  try {
    const run = await app.source.get<Run>("run", { id });
    const panel = h("div", { class: "card" }, changeList(app, run));
    popover(anchor, panel, "Changed since the previous run");
  } catch (error) {
    app.report(error);
  }
}

export function changeList(app: App, run: Run): HTMLElement {
  const box = h("div", {});
  if (!run.previous) {
    append(box, h("p", { class: "muted" }, `This is the first run of ${run.program || "its program"} in this folder.`));
    return box;
  }
  append(box, h("p", {}, "Since ", h("a", { href: app.state.link("run", { id: run.previous }) }, app.name(run.previous)), ", the previous run of ", h("b", {}, run.program), run.changed?.length ? ":" : ": nothing has changed but the time."));
  if (!run.changed?.length) return box;
  const table = h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", {}, "what"), h("th", {}, "before"), h("th", {}, "now"))));
  const body = h("tbody");
  for (const change of run.changed) body.append(h("tr", {}, h("th", { scope: "row" }, change.what), h("td", { class: "before" }, exact(change.before, "text") || "–"), h("td", { class: "after" }, exact(change.after, "text") || "–")));
  table.append(body);
  box.append(table);
  return box;
}

export function editTags(app: App, rows: Row[]): void {
  const all = new Set(rows.flatMap((row) => row.tags));
  const remove = new Set<string>();
  const list = h("div", { class: "tags" });
  const show = (): void => {
    clear(list, ...[...all].sort().map((tag) => button(tag, () => {
      if (!remove.delete(tag)) remove.add(tag);
      show();
    }, { class: `tag ${remove.has(tag) ? "gone" : ""}`, "aria-pressed": String(!remove.has(tag)), title: remove.has(tag) ? "Keep" : "Take away" })));
    if (!all.size) list.append(h("span", { class: "muted" }, "No tags yet"));
  };
  show();
  const input = h("input", { type: "text", "aria-label": "New tags, separated by commas", placeholder: "New tags, separated by commas" });
  const form = h("form", {
    class: "stack", onsubmit: (event: Event) => {
      event.preventDefault();
      const add = input.value.split(",").map((tag) => tag.trim()).filter(Boolean);
      void post(app, "tag", { ids: rows.map((row) => row.id), add, remove: [...remove] }, "Tagged").then(() => box.close());
    },
  }, list, input, h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Save")));
  const box = dialog(rows.length === 1 ? `Tags of ${rows[0].name}` : `Tags of ${rows.length} runs`, form);
  input.focus();
}

export function addNote(app: App, id: string): void {
  const area = h("textarea", { rows: 6, "aria-label": "Note, in Markdown", placeholder: "What did you learn? Markdown is understood.", required: true });
  const form = h("form", {
    class: "stack", onsubmit: (event: Event) => {
      event.preventDefault();
      void post(app, "note", { id, text: area.value }, "Noted").then(() => box.close());
    },
  }, area, h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Save")));
  const box = dialog("Add a note", form);
  area.focus();
}

function rename(app: App, row: Row): void {
  const input = h("input", { type: "text", "aria-label": "New name", value: row.name, required: true });
  const form = h("form", {
    class: "stack", onsubmit: (event: Event) => {
      event.preventDefault();
      void post(app, "rename", { id: row.id, name: input.value }, "Renamed").then(() => box.close());
    },
  }, input, h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Rename")));
  const box = dialog("Rename the run", form);
  input.select();
}
