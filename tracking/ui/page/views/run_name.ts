// A run in a line of text: its colour and its name.

import type { App } from "../app";
import { h } from "../dom";

export function swatch(app: App, id: string): HTMLElement {
  return h("span", { class: `dot s${app.slots.of(id) % 12}`, "aria-hidden": "true" });
}

/** Cut where there is no room; the pointer's rest shows all of it. */
export function runName(app: App, id: string): HTMLElement {
  return h("span", { class: "run-name", title: `${app.name(id)}\n${id}` }, app.name(id));
}
