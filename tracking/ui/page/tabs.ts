// Tabs by the ARIA pattern: arrows move, the chosen one is in the address.

import { h } from "./dom";

export interface Tab {
  name: string;
  label: string;
  count?: number;
}

export function tabs(label: string, all: Tab[], chosen: string, choose: (name: string) => void): HTMLElement {
  const bar = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  for (const tab of all) {
    const on = tab.name === chosen;
    bar.append(h("button", {
      type: "button", role: "tab", id: `tab-${tab.name}`, "aria-selected": String(on), "aria-controls": "tab-panel", tabindex: on ? 0 : -1, onclick: () => choose(tab.name),
      onkeydown: (event: KeyboardEvent) => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (!step) return;
        event.preventDefault();
        const next = all[(all.indexOf(tab) + step + all.length) % all.length];
        choose(next.name);
        document.getElementById(`tab-${next.name}`)?.focus();
      },
    }, tab.label, tab.count !== undefined ? h("span", { class: "badge" }, tab.count) : null));
  }
  return bar;
}
