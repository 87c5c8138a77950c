// Elements by one function. Text from records goes through textContent alone, so markup in it stays text.

import { printable } from "./chart/text";

export type Child = Node | string | number | null | undefined | false;
type Handler = (event: never) => void;
export type Attributes = { [name: string]: string | number | boolean | null | undefined | Handler };

const PLAIN = /^[ -~]*$/;

/** Texts of records with what can't be seen as escapes, but for line ends and tabs. */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(/[^\n\t]+/g, printable);
}

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (name === "class") element.setAttribute("class", String(value));
    else if (name === "value" && element instanceof HTMLInputElement) element.value = String(value);
    else element.setAttribute(name, value === true ? "" : name === "title" || name === "aria-label" ? visible(String(value)) : String(value));
  }
  append(element, ...children);
}

export function append(element: Element, ...children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : typeof child === "string" ? visible(child) : child);
  }
}

/** An element with attributes (`onclick` and the like are listeners) and children; strings become text. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

const PATHS: { [name: string]: string } = {
  close: "M4 4l8 8M12 4l-8 8",
  pin: "M6 2h4l-.5 4.500L12 9H4l2.500-2.500zM8 9v5",
  more: "M3 7.600v.800M8 7.600v.800M13 7.600v.800",
  copy: "M6 6h7v7H6zM3 10V3h7",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM11 11l3 3",
  columns: "M2.500 3h11v10h-11zM6.500 3v10M10 3v10",
  settings: "M2 4.500h7M12 4.500h2M2 11.500h2M7 11.500h7M10.500 3v3M5.500 10v3",
  expand: "M9.500 2.500h4v4M13.500 2.500l-4.500 4.500M6.500 13.500h-4v-4M2.500 13.500l4.500-4.500",
  table: "M2.500 3h11v10h-11zM2.500 6.500h11M2.500 10h11M7 3v10",
  download: "M8 2v8M4.500 7L8 10.500 11.500 7M3 13.500h10",
  bookmark: "M4.500 2.500h7v11L8 10.500l-3.500 3z",
  tag: "M2.500 2.500h5l6 6-5 5-6-6zM5.200 5.200h.01",
  eye: "M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  back: "M10 3L5 8l5 5",
  history: "M3 8a5 5 0 1 0 1.600-3.700M3 3v2.500h2.500M8 5v3.200l2 1.300",
};

/** A drawn sign of 16 by 16 px in the text's colour, hidden from readers of the screen. */
export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  fill(svg, { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" }, [path]);
  return svg;
}

export function iconButton(name: string, label: string, onclick: (event: MouseEvent) => void, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...attributes }, icon(name));
}

export function button(label: string, onclick: (event: MouseEvent) => void, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

export function clear(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, ...children);
}

/** Once in `wait` ms at most, with the last call's arguments. */
export function debounce<A extends unknown[]>(wait: number, f: (...args: A) => void): ((...args: A) => void) & { cancel(): void } {
  let timer = 0;
  const debounced = (...args: A): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => f(...args), wait);
  };
  debounced.cancel = (): void => window.clearTimeout(timer);
  return debounced;
}

let live: HTMLElement | null = null;
let toastTimer = 0;

/** One line at the foot of the page for a few seconds, which readers of the screen hear. */
export function say(text: string, kind: "" | "fail" = ""): void {
  if (!live) {
    live = h("div", { class: "toast", role: "status", "aria-live": "polite" });
    document.body.append(live);
  }
  live.className = `toast shown ${kind}`;
  live.textContent = text;
  window.clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => live?.classList.remove("shown"), kind === "fail" ? 8000 : 2500);
}

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a clipboard (another host by plain http, or an old browser) a selection is copied.
    const area = h("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`Copied ${what}`);
}

/** A command in a box, with a button that copies it. */
export function command(text: string, label = "command"): HTMLElement {
  return h("div", { class: "command" }, h("code", {}, text), iconButton("copy", `Copy the ${label}`, () => void copy(text, `the ${label}`)));
}

let opened: { close(): void } | null = null;

/** A panel below `anchor` until Escape or a press elsewhere; returns what closes it. */
export function popover(anchor: Element, content: HTMLElement, label: string, role = "dialog"): () => void {
  opened?.close();
  const panel = h("div", { class: "popover", role, "aria-label": label, tabindex: -1 }, content);
  document.body.append(panel);
  const place = anchor.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const below = place.bottom + 4 + size.height <= window.innerHeight || place.top < size.height;
  panel.style.left = `${Math.max(8, Math.min(place.left, window.innerWidth - size.width - 8))}px`;
  panel.style.top = `${below ? Math.min(place.bottom + 4, Math.max(8, window.innerHeight - size.height - 8)) : place.top - size.height - 4}px`;
  const before = document.activeElement;
  const outside = (event: Event): void => {
    if (!panel.contains(event.target as Node) && !anchor.contains(event.target as Node)) close();
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (role === "menu" && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const items = [...panel.querySelectorAll<HTMLElement>("[role^=menuitem]")];
      const at = items.indexOf(document.activeElement as HTMLElement);
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1) + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % items.length]?.focus();
    }
  };
  const close = (): void => {
    if (opened?.close !== close) return;
    opened = null;
    const within = panel.contains(document.activeElement);
    panel.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (within && before instanceof HTMLElement) before.focus();
  };
  opened = { close };
  document.addEventListener("pointerdown", outside, true);
  panel.addEventListener("keydown", escape);
  (panel.querySelector<HTMLElement>("input, [role^=menuitem], button, select") ?? panel).focus();
  return close;
}

/** Another view comes, of which the panel says nothing. */
export function closePopover(): void {
  opened?.close();
}

export interface Item {
  label: string;
  act(): void;
  checked?: boolean;
  disabled?: boolean;
  detail?: string;
}

/** A menu below `anchor`; null is a line between groups. */
export function menu(anchor: Element, label: string, items: (Item | null)[]): void {
  const list = h("div", { class: "menu" });
  const close = popover(anchor, list, label, "menu");
  for (const item of items) {
    if (!item) {
      list.append(h("div", { class: "rule", role: "separator" }));
      continue;
    }
    const checkable = item.checked !== undefined;
    list.append(h("button", {
      type: "button", role: checkable ? "menuitemcheckbox" : "menuitem", "aria-checked": checkable ? String(item.checked) : null, disabled: item.disabled,
      onclick: () => {
        close();
        item.act();
      },
    }, h("span", { class: "check", "aria-hidden": "true" }, checkable && item.checked ? "✓" : ""), h("span", { class: "grow" }, item.label), item.detail ? h("kbd", {}, item.detail) : null));
  }
  list.querySelector<HTMLElement>("button")?.focus();
}

/** A modal dialogue with a title; the browser keeps the focus inside and closes it by Escape. */
export function dialog(title: string, content: HTMLElement, wide = false): HTMLDialogElement {
  const box = h("dialog", { class: wide ? "wide" : "", "aria-label": title });
  append(box, h("header", {}, h("h2", {}, title), iconButton("close", "Close", () => box.close())), content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/** What a view shows where there is nothing: one sentence, and the command that changes that. */
export function empty(sentence: string, commands: string[] = [], ...more: Child[]): HTMLElement {
  return h("div", { class: "empty" }, h("p", {}, sentence), ...commands.map((text) => command(text)), ...more);
}
