// Two runs or more side by side: only what differs, and where their bits part.

import type { App, Page } from "../app";
import { StripChart } from "../chart/strip";
import { numberText, plural } from "../chart/text";
import { append, button, clear, command, empty, h, iconButton } from "../dom";
import { exact, literal, shell, signed, toNumber } from "../format";
import type { Frame } from "../frame";
import { card, facts } from "./run_parts";
import type { CompareAnswer, CompareRow, Digests, DigestsAnswer, Divergence, TableAnswer } from "../types";
import { patches } from "./patches";

// More columns than these are no comparison but a table.
const MOST = 24;

export function compareView(app: App, frame: Frame, element: HTMLElement): Page {
  const body = h("div", { class: "compare stack" });
  element.append(h("h1", { class: "offscreen" }, "Compare"), body);
  let charts: StripChart[] = [];
  let asked = 0;

  function drop(): void {
    for (const chart of charts) chart.destroy();
    charts = [];
  }

  const runs = (): string[] => app.state.list("sel").slice(0, MOST);

  function nothing(): HTMLElement {
    return empty("Select two runs or more to compare them: in the list of runs, by the box before their names or the key x.", [`stet compare RUN OTHER --runs ${shell(app.hello.folder)}`], h("div", { class: "row" }, h("a", { class: "button", href: app.state.link("runs") }, "Choose runs"), button("Compare the two newest", () => void newest())));
  }

  async function newest(): Promise<void> {
    try {
      const answer = await app.source.get<TableAnswer>("table", { query: app.state.get("q"), sort: "-made", columns: "-", limit: 2 });
      app.know(answer.rows);
      if (answer.rows.length === 2) app.select(answer.rows.map((row) => row.id).reverse());
    } catch (error) {
      app.report(error);
    }
  }

  function heads(ids: string[]): HTMLElement[] {
    return ids.map((id) => h("th", { scope: "col" }, h("div", { class: "run-column" }, swatch(app, id), h("a", { class: "run-name", href: app.state.link("run", { id }), title: `${app.name(id)}\n${id}` }, app.name(id)),
      ids.length > 2 ? iconButton("close", `Without ${app.name(id)}`, () => app.select(ids.filter((other) => other !== id))) : null)));
  }

  /** One table, so that a run's column stands under its name in every part. */
  function differences(ids: string[], rows: CompareAnswer["rows"]): HTMLElement | null {
    const parts: [string, CompareRow[], "text" | "number"][] = [["Parameters", rows.params, "text"], ["Metrics, last values", rows.metrics, "number"], ["Data", rows.data, "text"], ["Source", rows.source, "text"], ["Environment", rows.environment, "text"]];
    const filled = parts.filter(([, each]) => each.length);
    if (!filled.length) return null;
    const table = h("table", { class: "data compare-table" }, h("thead", {}, h("tr", {}, h("td"), ...heads(ids))));
    for (const [title, each, kind] of filled) {
      append(table, h("tbody", {}, h("tr", {}, h("th", { class: "part", scope: "rowgroup", colspan: ids.length + 1 }, title)), ...each.map((row) => difference(ids, row, kind))));
    }
    return h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "What differs" }, table);
  }

  function difference(ids: string[], row: CompareRow, kind: "text" | "number"): HTMLElement {
    const base = ids.indexOf(app.state.get("base"));
    const cells = row.values.map((each, i) => {
      const against = base >= 0 && i !== base && kind === "number" ? toNumber(each) - toNumber(row.values[base]) : NaN;
      const text = each === null ? "–" : kind === "number" ? numberText(toNumber(each), 6) : exact(each, "text");
      return h("td", { class: `wrap${each === null ? " muted" : ""}`, title: exact(each, kind) }, text, Number.isNaN(against) ? null : h("span", { class: "muted" }, ` (${signed(against)})`));
    });
    return h("tr", {}, h("th", { scope: "row" }, row.name), ...cells);
  }

  async function load(): Promise<void> {
    const mine = ++asked;
    const ids = runs();
    if (ids.length < 2) {
      drop();
      clear(body, nothing());
      return;
    }
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await app.source.get<CompareAnswer>("compare", { runs: ids });
      await names(ids);
      if (mine !== asked) return;
      app.slots.give(ids);
      const table = differences(ids, answer.rows);
      drop();
      clear(body, answer.divergence ? divergence(ids, answer.divergence) : null, !answer.divergence && ids.length > 2 ? pairs(ids) : null,
        h("h2", {}, "What differs"), table ?? h("p", { class: "muted" }, "Parameters, data, source and environment are the same."), ids.length === 2 && app.source.live ? patches(app, ids) : null);
    } catch (error) {
      if (mine === asked) clear(body, empty(error instanceof Error ? error.message : String(error)));
    } finally {
      if (mine === asked) body.removeAttribute("aria-busy");
    }
  }

  /** Names of runs that no list has shown yet. */
  async function names(ids: string[]): Promise<void> {
    const missing = ids.filter((id) => !app.rows.has(id));
    if (!missing.length) return;
    const answer = await app.source.get<TableAnswer>("table", { query: missing.map((id) => `id == ${literal(id)}`).join(" or "), columns: "-", archived: true, limit: MOST });
    app.know(answer.rows);
  }

  function pairs(ids: string[]): HTMLElement {
    const against = app.state.get("base") && ids.includes(app.state.get("base")) ? app.state.get("base") : ids[0];
    return h("p", { class: "muted" }, "Where two of them part, bit for bit: ", ...ids.filter((id) => id !== against).flatMap((id, i) => [i ? ", " : "", h("a", { href: app.state.link("compare", { sel: [against, id] }) }, `${app.name(against)} and ${app.name(id)}`)]));
  }

  function divergence(ids: string[], found: Divergence): HTMLElement {
    const place = h("div", { class: "strip-place" });
    const first = [found.loss_step, found.state_step].filter((step): step is number => step !== null).sort((a, b) => a - b)[0];
    const verdict = { same: "ok", longer: "ok", parted: "parted" }[found.verdict] ?? "";
    const box = h("section", { class: "divergence", "aria-label": "Divergence" });
    append(box, h("p", { class: `verdict ${verdict}` }, found.verdict === "parted" ? "▲ " : found.verdict === "not compared" ? "" : "✓ ", found.result), place,
      facts([["steps", h("span", {}, ...ids.flatMap((id, i) => [i ? ", " : "", runName(app, id), ` ${found.steps[i]}`]))], ["compared", `${plural(found.losses, "step's loss", "steps' losses")}, ${plural(found.states, "digest of states", "digests of states")}`],
        ["the same until", found.same_until !== null && first !== undefined ? `step ${found.same_until}` : ""], ["loss parts at", found.loss_step !== null ? `step ${found.loss_step}` : ""], ["state parts at", found.state_step !== null ? `step ${found.state_step}${found.state_same_until !== null ? `, the same at ${found.state_same_until}` : ""}` : ""],
        ["first tensors", found.tensors.length ? h("span", { class: "mono wrap" }, found.tensors.slice(0, 6).join(", "), found.tensors.length > 6 ? ` and ${found.tensors.length - 6} more` : "") : ""], ["executables", found.rebuilt ? "were built anew between them" : ""]]),
      found.unlike.length ? card("Not the same to begin with", h("ul", {}, ...found.unlike.map((line) => h("li", {}, line)))) : null, around(ids, found), checkpoint(found), command(`stet compare ${shell(ids[0])} ${shell(ids[1])} --runs ${shell(app.hello.folder)}`));
    void digests(ids, place, found);
    return box;
  }

  /** Two strips: each step's loss, and the digests of states, which come less often and see more. */
  async function digests(ids: string[], place: HTMLElement, found: Divergence): Promise<void> {
    try {
      const answer = await app.source.get<DigestsAnswer>("digests", { runs: ids });
      if (!place.isConnected) return;
      clear(place);
      strips(ids, place, "Losses", answer.losses, found.loss_step);
      strips(ids, place, "Digests of states", answer, found.state_step);
      if (!place.childElementCount) append(place, h("p", { class: "muted" }, "They have neither losses nor digests of states at the same steps."));
    } catch (error) {
      clear(place, h("p", { class: "muted" }, error instanceof Error ? error.message : String(error)));
    }
  }

  function strips(ids: string[], place: HTMLElement, title: string, of: Digests | undefined, first: number | null): void {
    if (!of?.steps.length) return;
    const digestsOf = (id: string): (string | null)[] => of.runs.find((run) => run.id === id)?.digests ?? [];
    const states = (id: string, other: string): Uint8Array => {
      const own = digestsOf(id);
      const others = digestsOf(other);
      // What only one of them has can't be compared.
      return Uint8Array.from(of.steps.map((_, i) => (!own[i] || !others[i] ? 0 : own[i] === others[i] ? 1 : 2)));
    };
    const box = h("div");
    box.style.height = `${StripChart.heightFor(ids.length)}px`;
    append(place, box);
    const chart = new StripChart(box);
    chart.set({ title, xLabel: "step", steps: of.steps, rows: ids.map((id, i) => ({ label: app.name(id), states: states(id, ids[1 - i]) })), first });
    charts.push(chart);
  }

  function around(ids: string[], found: Divergence): HTMLElement | null {
    if (!found.around.length) return null;
    const rows = found.around.map((each) => h("tr", { class: each.same ? "" : "parted" }, h("th", { scope: "row", class: "right" }, each.step), h("td", { class: "right mono" }, exact(each.first, "number")), h("td", { class: "right mono" }, exact(each.second, "number")), h("td", { class: "right mono" }, each.same ? "0" : each.ulps === null ? "NaN" : exact(each.ulps, "number")), h("td", {}, each.same ? "same bits" : "parted")));
    return card("Losses around the first difference", h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", { class: "right" }, "step"), ...ids.map((id) => h("th", { class: "right" }, swatch(app, id), runName(app, id))), h("th", { class: "right", title: "How many floating numbers lie between them" }, "ULP"), h("td"))), h("tbody", {}, ...rows)));
  }

  function checkpoint(found: Divergence): HTMLElement | null {
    const at = found.checkpoint;
    if (!at) return null;
    const rows = at.tensors.map((each) => h("tr", {}, h("th", { scope: "row", class: "mono" }, each.name), h("td", { class: "right" }, each.elements), h("td", { class: "right" }, each.differing), h("td", { class: "right" }, each.elements ? `${numberText((100 * each.differing) / each.elements, 3)} %` : ""), h("td", { class: "right mono" }, exact(each.most, "number")), h("td", { class: "muted" }, each.unlike)));
    return card(`Tensors at the checkpoint of step ${at.step}`, h("table", { class: "data" }, h("thead", {}, h("tr", {}, ...["tensor", "elements", "differing", "share", "most ULP", "not compared"].map((name, i) => h("th", { class: i > 0 && i < 5 ? "right" : "" }, name)))), h("tbody", {}, ...rows)), at.scalars.length ? h("p", {}, `Scalars that differ: ${at.scalars.join(", ")}`) : null);
  }

  void load();
  void frame;
  return {
    update(changed) {
      if (changed.has("sel") || changed.has("base")) void load();
    },
    news(news) {
      if (news.all || runs().some((id) => news.runs.has(id))) void load();
    },
    end() {
      ++asked;
      drop();
    },
  };
}

export function swatch(app: App, id: string): HTMLElement {
  const slot = app.slots.of(id);
  return h("span", { class: `dot s${slot % 12}`, "aria-hidden": "true" });
}

/** A run's name, cut where there is no room; the pointer's rest shows all of it. */
function runName(app: App, id: string): HTMLElement {
  return h("span", { class: "run-name", title: `${app.name(id)}\n${id}` }, app.name(id));
}
