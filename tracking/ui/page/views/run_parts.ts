// The parts of a run's page that lie still.

import type { App } from "../app";
import { countText, durationText, numberText, plural } from "../chart/text";
import { append, button, clear, command, copy, empty, h, iconButton } from "../dom";
import { ago, bytes, date, exact, shell, toNumber, value } from "../format";
import { markdown } from "../markdown";
import { matcher } from "../metrics";
import { addNote, changeList } from "../run_menu";
import type { Launch, Parameter, Run, TensorsAnswer, Value } from "../types";

type Cell = HTMLElement | string | number | null | undefined;

export function facts(rows: [string, Cell][]): HTMLElement {
  const list = h("dl", { class: "facts" });
  for (const [name, what] of rows) {
    if (what === null || what === undefined || what === "") continue;
    append(list, h("dt", {}, name), h("dd", {}, what));
  }
  return list;
}

export function card(title: string, ...content: (HTMLElement | null)[]): HTMLElement {
  const box = h("section", { class: "card-section" }, h("h2", {}, title));
  append(box, ...content);
  return box;
}

function digest(text: string | undefined, what: string): HTMLElement | null {
  if (!text) return null;
  return h("button", { type: "button", class: "link mono", title: `${text}\nCopy`, onclick: () => void copy(text, what) }, text.slice(0, 16));
}

export function overviewTab(app: App, run: Run): HTMLElement {
  const launch = run.launches[run.launches.length - 1];
  const failed = launch?.end?.message && run.status !== "finished" ? h("div", { class: "failure", role: "note" }, h("b", {}, `It ${run.status === "interrupted" ? "was interrupted" : "failed"} at step ${launch.end.last_step ?? run.steps}. `), h("span", { class: "mono" }, launch.end.message)) : null;
  const best = run.summaries.length ? run.summaries.map((each) => ({ name: `${each.metric} (${each.best})`, value: each.value, step: each.step })) : Object.entries(run.metrics).filter(([name]) => !/^(system|resource|machine|process)\//.test(name)).slice(0, 8).map(([name, each]) => ({ name, value: each.last, step: each.step }));
  const figures = h("div", { class: "figures" });
  for (const each of best) append(figures, h("div", { class: "figure" }, h("span", { class: "figure-name", title: each.name }, each.name), h("span", { class: "figure-value", title: exact(each.value, "number") }, numberText(toNumber(each.value), 5)), h("span", { class: "muted" }, `step ${each.step}`)));
  const source = run.source ?? {};
  const commit = source.commit ? h("span", {}, source.link ? h("a", { href: source.link, rel: "noopener noreferrer", target: "_blank", class: "mono" }, source.commit.slice(0, 12)) : h("span", { class: "mono" }, source.commit.slice(0, 12)), source.branch ? ` on ${source.branch}` : "", source.dirty ? h("span", { class: "status stalled" }, " with changes") : "") : "unknown";
  const commands = card("Commands");
  const known = run.commands ?? { show: `stet show ${shell(run.id)} --runs ${shell(app.hello.folder)}`, verify: `stet verify ${shell(run.id)} --runs ${shell(app.hello.folder)}`, resume: `stet resume ${shell(run.id)} --runs ${shell(app.hello.folder)}` };
  for (const [name, text] of Object.entries(known)) if (text) append(commands, h("h3", {}, name), command(text, `command to ${name}`));
  return h("div", { class: "columns" },
    h("div", { class: "column" }, failed, run.description ? h("p", { class: "lead" }, run.description) : null, best.length ? figures : null, card("Changed since the previous run", changeList(app, run)), commands),
    h("div", { class: "column" },
      card("What it ran", facts([["program", launch?.program?.path ?? run.program], ["arguments", launch?.argv?.length ? h("code", { class: "wrap" }, launch.argv.map(shell).join(" ")) : ""], ["commit", commit], ["patch", source.patch_bytes ? bytes(source.patch_bytes) : ""], ["seed", exact(run.seed, "number")], ["numerics contract", `version ${run.numerics}`], ["Stet", run.stet_version]])),
      card("Where", facts([["host", exact(launch?.machine?.host, "text")], ["CPU", exact(launch?.machine?.cpu, "text")], ["GPU", exact(launch?.machine?.gpu, "text")], ["threads", launch?.threads], ["instructions", launch?.isa], ["device", launch?.device],
        ["folder", h("span", { class: "row tight" }, h("code", { class: "wrap" }, run.path ?? run.folder), iconButton("copy", "Copy the path", () => void copy(run.path ?? run.folder, "the path")))]])),
      verification(run)));
}

function verification(run: Run): HTMLElement {
  const verified = run.marks?.verified ?? [];
  const words: { [state: string]: string } = { sealed: "sealed, and unaltered since", open: "still open", unsealed: "not sealed", altered: "altered since it was sealed" };
  const list = h("ul", { class: "plain" });
  for (const each of verified) append(list, h("li", {}, h("span", { class: `status ${each.verified ? "verified" : "failed"}` }, each.verified ? "◆ verified" : "✕ not verified"), each.verdict && `: ${each.verdict}`, h("span", { class: "muted", title: date(each.time) }, ` · ${each.by ? `${each.by}${each.host ? `@${each.host}` : ""}, ` : ""}${ago(each.time)}`)));
  return card("Verification", facts([["final digest", digest(run.digest, "the digest")], ["record", h("span", { class: run.seal.state === "altered" ? "status failed" : "" }, words[run.seal.state] ?? run.seal.state)], ...run.seal.altered.map((line): [string, string] => ["", line])]),
    verified.length ? list : h("p", { class: "muted" }, "Nobody has verified it here yet. This runs it again and compares every digest:"), verified.length ? null : command(run.commands?.verify ?? `stet verify ${shell(run.id)}`));
}

export function parametersTab(app: App, run: Run): { element: HTMLElement; refresh(fresh: Run): void } {
  const parameters: Parameter[] = run.parameters ?? Object.entries(run.params).map(([name, each]) => ({ name, value: each }));
  const search = h("input", { type: "search", class: "filter", placeholder: "Parameters by name", "aria-label": "Parameters by name", oninput: () => show() });
  const body = h("tbody");
  const origin: { [source: string]: string } = { config: "config file" };
  const show = (): void => {
    const matches = matcher(search.value);
    clear(body, ...parameters.filter((each) => matches(each.name)).map((each) => {
      const other = each.default !== undefined && each.default !== "" && String(each.value) !== each.default && each.source !== "default";
      return h("tr", { class: other ? "changed" : "" }, h("th", { scope: "row" }, each.name), h("td", { class: "right mono" }, each.masked ? "hidden" : exact(each.value, "text")), h("td", { class: "right mono muted" }, each.default ?? ""), h("td", {}, origin[each.source ?? ""] ?? each.source ?? ""), h("td", { class: "muted" }, each.range ?? ""), h("td", { class: "muted" }, each.meaning ?? ""));
    }));
  };
  show();
  const table = h("table", { class: "data" }, h("thead", {}, h("tr", {}, ...["name", "value", "default", "origin", "range", "meaning"].map((name, i) => h("th", { class: i === 1 || i === 2 ? "right" : "" }, name)))), body);
  const more = run.hyperparameters.length ? card("What modules, optimizers and loaders say of themselves", h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", {}, "path"), h("th", { class: "right" }, "value"))), h("tbody", {}, ...run.hyperparameters.map((each) => h("tr", {}, h("th", { scope: "row" }, each.path), h("td", { class: "right mono" }, each.value)))))) : null;
  const places = run.places.length ? card("Paths", facts(run.places.map((place) => [place.name, h("code", {}, place.value)]))) : null;
  void app;
  const element = parameters.length || more ? h("div", { class: "stack wide-page" }, h("div", { class: "row" }, search), h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "Parameters" }, table), more, places) : empty("This run has no parameters. A program declares one by:", ['auto lr = run.param("lr", 1e-3);']);
  return { element, refresh: () => undefined };
}

export function modelTab(app: App, run: Run): { element: HTMLElement; refresh(fresh: Run): void } {
  const tensors = h("div");
  const steps = run.checkpoints.map((each) => each.step);
  const load = async (step: number): Promise<void> => {
    try {
      const answer = await app.source.get<TensorsAnswer>("tensors", { id: run.id, step });
      const rows = answer.tensors.map((each) => h("tr", {}, h("th", { scope: "row", class: "mono" }, each.name), h("td", {}, each.dtype), h("td", { class: "mono" }, `[${each.shape.join(", ")}]`), ...[each.norm, each.min, each.max, each.mean].map((of) => h("td", { class: "right", title: exact(of, "number") }, numberText(toNumber(of), 4))), h("td", { class: `right${each.nan ? " nan" : ""}` }, each.nan), h("td", { class: "right" }, bytes(each.bytes))));
      clear(tensors, h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "Tensors" }, h("table", { class: "data" }, h("thead", {}, h("tr", {}, ...["tensor", "dtype", "shape", "norm", "min", "max", "mean", "NaN", "size"].map((name, i) => h("th", { class: i > 2 ? "right" : "" }, name)))), h("tbody", {}, ...rows))));
    } catch (error) {
      clear(tensors, h("p", { class: "warning" }, error instanceof Error ? error.message : String(error)));
    }
  };
  const slider: HTMLInputElement = h("input", { type: "range", min: 0, max: Math.max(0, steps.length - 1), "aria-label": "Checkpoint", oninput: () => choose(Number(slider.value)) });
  const label = h("output", { class: "mono" });
  const choose = (at: number): void => {
    const checkpoint = run.checkpoints[at];
    label.textContent = `step ${checkpoint.step}${checkpoint.best ? ", best" : ""}, ${bytes(checkpoint.bytes)}`;
    slider.setAttribute("aria-valuetext", label.textContent);
    void load(checkpoint.step);
  };
  if (steps.length) {
    slider.value = String(steps.length - 1);
    choose(steps.length - 1);
  }
  const element = h("div", { class: "stack wide-page" }, h("p", {}, `${typeof run.parameter_count === "number" ? countText(run.parameter_count) : value(run.parameter_count, "number")} parameters`), run.model_summary ? h("pre", { class: "block", tabindex: 0 }, run.model_summary) : h("p", { class: "muted" }, "The program recorded no summary of its model."),
    card("Tensors by checkpoint", steps.length && app.source.live ? h("div", { class: "row" }, steps.length > 1 ? slider : null, label) : empty("This run keeps no checkpoint. A program keeps one every 100 steps by:", ["run.checkpoints().every_steps(100);"]), tensors));
  return { element, refresh: () => undefined };
}

export function dataTab(run: Run): HTMLElement {
  if (!run.data.length) return empty("This run has recorded no data. A program records what it reads by:", ['run.data("train", dataset);']);
  const box = h("div", { class: "stack wide-page" });
  for (const each of run.data) {
    append(box, card(each.name, facts([["samples", each.count !== undefined ? value(each.count, "number") : ""], ["split", each.split], ["path", each.path ? h("code", {}, each.path) : ""], ["fingerprint", digest(each.samples_sha256, "the fingerprint")],
      ...(each.files ?? []).map((file): [string, HTMLElement] => [file.path, h("span", {}, `${bytes(Number(file.size))} `, digest(file.sha256, "the fingerprint"))])])));
  }
  return box;
}

export function launchesTab(app: App, run: Run): HTMLElement {
  const box = h("div", { class: "stack wide-page" });
  run.launches.forEach((launch, i) => append(box, launchCard(app, run, launch, i)));
  return box;
}

function launchCard(app: App, run: Run, launch: Launch, i: number): HTMLElement {
  const end = launch.end;
  const machine = Object.entries(launch.machine ?? {}).filter(([, of]) => of !== "" && of !== 0).map(([name, of]): [string, string] => [name.replace(/_/g, " "), name === "memory_bytes" ? bytes(Number(of)) : exact(of as Value, "text")]);
  const environment = Object.entries(launch.environment ?? {});
  void app;
  return card(`Launch ${i + 1} of ${run.launches.length}`, facts([
    ["started", launch.started ? h("span", { title: String(launch.started) }, `${date(launch.started)} (${ago(launch.started)})`) : ""], ["from step", launch.first_step], ["ended", end ? `${(end.status ?? "").toLowerCase()}${end.exit_code ? `, exit code ${end.exit_code}` : ""}${end.time ? `, ${date(end.time)}` : ""}` : "not yet, or it was killed"],
    ["message", end?.message], ["took", end?.wall_seconds ? `${durationText(end.wall_seconds)}, ${durationText(end.cpu_seconds ?? 0)} of CPU` : ""], ["command", launch.argv ? h("code", { class: "wrap" }, launch.argv.map(shell).join(" ")) : ""], ["in", launch.cwd ? h("code", {}, launch.cwd) : ""],
    ["executable", digest(launch.program?.sha256, "the hash")], ["compiler", launch.build?.compiler], ["flags", launch.build?.flags], ["threads", launch.threads], ["instructions", launch.isa], ["device", launch.device], ...machine]),
  environment.length ? h("details", {}, h("summary", {}, plural(environment.length, "variable of the environment", "variables of the environment")), facts(environment.map(([name, of]) => [name, h("code", { class: "wrap" }, of)]))) : null,
  launch.notes?.length ? h("ul", {}, ...launch.notes.map((note) => h("li", { class: "warning" }, note))) : null);
}

export function filesTab(app: App, run: Run): HTMLElement {
  if (!run.artifacts.length) return empty("This run keeps no files. A program keeps one by:", ['run.artifact("predictions.csv", path);']);
  const rows = run.artifacts.map((each) => h("tr", {}, h("th", { scope: "row", class: "mono" }, app.source.live ? h("a", { href: app.source.url("artifact", { run: run.id, name: each.name }), download: each.name }, each.name) : each.name), h("td", { class: "right" }, bytes(each.bytes))));
  return h("div", { class: "wide-page" }, h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", {}, "file"), h("th", { class: "right" }, "size"))), h("tbody", {}, ...rows)));
}

export function notesTab(app: App, run: Run): HTMLElement {
  const box = h("div", { class: "stack prose-page" });
  for (const note of run.notes) append(box, h("article", { class: "note" }, h("p", { class: "muted", title: note.time ? date(note.time) : "" }, note.author ? `${note.author}@${note.host}, ${ago(note.time)}` : "by the program"), markdown(note.text)));
  if (!run.notes.length) append(box, empty("No notes yet. One is added here, or by:", [`stet note ${shell(run.id)} 'What I learnt' --runs ${shell(app.hello.folder)}`]));
  if (app.writable) append(box, h("div", {}, button("Add a note…", () => addNote(app, run.id), { class: "primary" })));
  return box;
}
