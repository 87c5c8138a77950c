// The whole state of the page is its address: `#/view?name=value&…`. Back and forward are the browser's.

import { joinNames, splitNames } from "./names";

export const VIEWS = ["home", "runs", "run", "compare", "media", "parameters"] as const;
export type ViewName = typeof VIEWS[number];

// What a change of view carries along; the rest is a view's own and comes back with it.
const SHARED = ["q", "sort", "archived", "sel", "hide", "show", "base", "dense"];

export type Params = { [name: string]: string };
/** A list is of names. */
type Patch = { [name: string]: string | readonly string[] | null | undefined };

/** Empty values are left out. */
function put(params: Params, patch: Patch): void {
  for (const [name, value] of Object.entries(patch)) {
    if (value?.length) params[name] = typeof value === "string" ? value : joinNames(value);
    else delete params[name];
  }
}

export interface Address {
  view: ViewName;
  params: Params;
}

export function parse(hash: string): Address {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const params: Params = {};
  new URLSearchParams(query).forEach((value, name) => {
    params[name] = value;
  });
  const view = VIEWS.find((name) => name === path) ?? "home";
  return { view, params };
}

export function format(address: Address): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(address.params).sort()) query.set(name, address.params[name]);
  // What an address may hold as it is stays readable.
  const text = query.toString().replace(/%2C/g, ",").replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%5B/g, "[").replace(/%5D/g, "]");
  return `#/${address.view}${text ? "?" + text : ""}`;
}

export class State {
  private address: Address;
  private readonly own = new Map<ViewName, Params>();
  private readonly listeners: ((changed: Set<string>) => void)[] = [];

  constructor() {
    this.address = parse(location.hash);
    window.addEventListener("popstate", () => this.follow());
    window.addEventListener("hashchange", () => this.follow());
  }

  get view(): ViewName {
    return this.address.view;
  }

  get(name: string): string {
    return this.address.params[name] ?? "";
  }

  /** What lists are sorted by; the newest run comes first unless said otherwise. */
  get sort(): string {
    return this.get("sort") || "-made";
  }

  flag(name: string): boolean {
    return this.get(name) === "1";
  }

  list(name: string): string[] {
    return splitNames(this.get(name));
  }

  /** `changed` names the parameters that are others now, "view" among them. */
  listen(listener: (changed: Set<string>) => void): void {
    this.listeners.push(listener);
  }

  /** Changes parameters; an empty one is left out. With `replace` the back button passes over it. */
  set(patch: Patch, replace = false): void {
    const params = { ...this.address.params };
    put(params, patch);
    this.go({ view: this.view, params }, replace);
  }

  /** The address of a view, with what the views share and what it last had for itself. */
  link(view: ViewName, patch: Patch = {}): string {
    const params: Params = view === "run" ? {} : { ...this.own.get(view) };
    for (const name of SHARED) {
      delete params[name];
      if (this.address.params[name]) params[name] = this.address.params[name];
    }
    put(params, patch);
    return format({ view, params });
  }

  open(view: ViewName, patch: Patch = {}): void {
    this.go(parse(this.link(view, patch)), false);
  }

  /** All of the state as one text, which `restore` takes: what a saved view holds. */
  save(): string {
    return format(this.address);
  }

  restore(saved: string): void {
    this.go(parse(saved), false);
  }

  private go(next: Address, replace: boolean): void {
    const hash = format(next);
    if (hash === format(this.address)) return;
    if (replace) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
    this.take(next);
  }

  private follow(): void {
    const next = parse(location.hash);
    if (format(next) !== format(this.address)) this.take(next);
  }

  private take(next: Address): void {
    const changed = new Set<string>();
    if (next.view !== this.address.view) {
      this.own.set(this.address.view, this.address.params);
      changed.add("view");
    }
    for (const name of new Set([...Object.keys(next.params), ...Object.keys(this.address.params)])) {
      if (next.params[name] !== this.address.params[name]) changed.add(name);
    }
    this.address = next;
    for (const listener of this.listeners) listener(changed);
  }
}
