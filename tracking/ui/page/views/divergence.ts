// Where the bits of two runs part: the verdict, strips of losses and digests, losses around the first difference, tensors at a checkpoint.

import type { App } from "../app";
import { StripChart } from "../chart/strip";
import { numberText, plural } from "../chart/text";
import { append, clear, command, h, type Child } from "../dom";
import { exact, shell } from "../format";
import type { Digests, DigestsAnswer, Divergence } from "../types";
import { card, facts } from "./run_parts";
import { runName, swatch } from "./run_name";

const NAMED_TENSORS = 6;

/** A column's head, and whether its cells are numbers. */
type Head = [name: Child, right: boolean];

function tableOf(heads: Head[], rows: HTMLElement[]): HTMLElement {
  return h("table", { class: "data" }, h("thead", {}, h("tr", {}, ...heads.map(([name, right]) => h("th", { class: right ? "right" : "" }, name)))), h("tbody", {}, ...rows));
}

export class DivergenceCard {
  readonly element: HTMLElement;
  private readonly place = h("div", { class: "strip-place" });
  private readonly charts: StripChart[] = [];

  constructor(private readonly app: App, private readonly ids: string[], private readonly found: Divergence) {
    this.element = h("section", { class: "divergence", "aria-label": "Divergence" });
    append(this.element, this.verdict(), this.place, this.summary(), this.unlike(), this.around(), this.checkpoint(),
      command(`stet compare ${shell(ids[0])} ${shell(ids[1])} --runs ${shell(app.hello.folder)}`));
    void this.digests();
  }

  end(): void {
    for (const chart of this.charts) chart.destroy();
  }

  private verdict(): HTMLElement {
    const { verdict, result } = this.found;
    const kind = { same: "ok", longer: "ok", parted: "parted" }[verdict] ?? "";
    const sign = verdict === "parted" ? "▲ " : verdict === "not compared" ? "" : "✓ ";
    return h("p", { class: `verdict ${kind}` }, sign, result);
  }

  private summary(): HTMLElement {
    const found = this.found;
    const parted = found.loss_step !== null || found.state_step !== null;
    const steps = this.ids.flatMap((id, i) => [i ? ", " : "", runName(this.app, id), ` ${found.steps[i]}`]);
    const state = found.state_step === null ? "" : `step ${found.state_step}${found.state_same_until !== null ? `, the same at ${found.state_same_until}` : ""}`;
    return facts([
      ["steps", h("span", {}, ...steps)],
      ["compared", `${plural(found.losses, "step's loss", "steps' losses")}, ${plural(found.states, "digest of states", "digests of states")}`],
      ["the same until", found.same_until !== null && parted ? `step ${found.same_until}` : ""],
      ["loss parts at", found.loss_step !== null ? `step ${found.loss_step}` : ""],
      ["state parts at", state],
      ["first tensors", this.tensors()],
      ["executables", found.rebuilt ? "were built anew between them" : ""],
    ]);
  }

  private tensors(): HTMLElement | string {
    const { tensors } = this.found;
    if (!tensors.length) return "";
    const more = tensors.length - NAMED_TENSORS;
    return h("span", { class: "mono wrap" }, tensors.slice(0, NAMED_TENSORS).join(", "), more > 0 ? ` and ${more} more` : "");
  }

  private unlike(): HTMLElement | null {
    if (!this.found.unlike.length) return null;
    return card("Not the same to begin with", h("ul", {}, ...this.found.unlike.map((line) => h("li", {}, line))));
  }

  /** Two strips: each step's loss, and the digests of states, which come less often and see more. */
  private async digests(): Promise<void> {
    const { place, found } = this;
    try {
      const answer = await this.app.source.get<DigestsAnswer>("digests", { runs: this.ids });
      if (!place.isConnected) return;
      clear(place);
      this.strip("Losses", answer.losses, found.loss_step);
      this.strip("Digests of states", answer, found.state_step);
      if (!place.childElementCount) append(place, h("p", { class: "muted" }, "They have neither losses nor digests of states at the same steps."));
    } catch (error) {
      clear(place, h("p", { class: "muted" }, error instanceof Error ? error.message : String(error)));
    }
  }

  private strip(title: string, of: Digests | undefined, first: number | null): void {
    if (!of?.steps.length) return;
    const ids = this.ids;
    const box = h("div");
    box.style.height = `${StripChart.heightFor(ids.length)}px`;
    append(this.place, box);
    const chart = new StripChart(box);
    const rows = ids.map((id, i) => ({ label: this.app.name(id), states: statesOf(of, id, ids[1 - i]) }));
    chart.set({ title, xLabel: "step", steps: of.steps, rows, first });
    this.charts.push(chart);
  }

  private around(): HTMLElement | null {
    const { around } = this.found;
    if (!around.length) return null;
    const number = (value: string | number): HTMLElement => h("td", { class: "right mono" }, value);
    const rows = around.map((each) => h("tr", { class: each.same ? "" : "parted" }, h("th", { scope: "row", class: "right" }, each.step), number(exact(each.first, "number")), number(exact(each.second, "number")),
      number(each.same ? "0" : each.ulps === null ? "NaN" : exact(each.ulps, "number")), h("td", {}, each.same ? "same bits" : "parted")));
    const runs = this.ids.map((id): Head => [h("span", {}, swatch(this.app, id), runName(this.app, id)), true]);
    const ulp = h("span", { title: "How many floating numbers lie between them" }, "ULP");
    return card("Losses around the first difference", tableOf([["step", true], ...runs, [ulp, true], ["", false]], rows));
  }

  private checkpoint(): HTMLElement | null {
    const at = this.found.checkpoint;
    if (!at) return null;
    const right = (value: string | number): HTMLElement => h("td", { class: "right" }, value);
    const rows = at.tensors.map((each) => h("tr", {}, h("th", { scope: "row", class: "mono" }, each.name), right(each.elements), right(each.differing), right(each.elements ? `${numberText((100 * each.differing) / each.elements, 3)} %` : ""),
      h("td", { class: "right mono" }, exact(each.most, "number")), h("td", { class: "muted" }, each.unlike)));
    const heads: Head[] = [["tensor", false], ["elements", true], ["differing", true], ["share", true], ["most ULP", true], ["not compared", false]];
    return card(`Tensors at the checkpoint of step ${at.step}`, tableOf(heads, rows), at.scalars.length ? h("p", {}, `Scalars that differ: ${at.scalars.join(", ")}`) : null);
  }
}

/** 0 where only one of them has a digest, so that nothing can be compared, 1 where they are equal, 2 where they have parted. */
function statesOf(of: Digests, id: string, other: string): Uint8Array {
  const digestsOf = (run: string): (string | null)[] => of.runs.find((each) => each.id === run)?.digests ?? [];
  const [own, others] = [digestsOf(id), digestsOf(other)];
  return Uint8Array.from(of.steps.map((_, i) => (!own[i] || !others[i] ? 0 : own[i] === others[i] ? 1 : 2)));
}
