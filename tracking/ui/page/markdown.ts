// A small Markdown: headings, lists, quotes, code, emphasis, links. It makes elements with text in them, never markup from text.

import { append, h, type Child } from "./dom";

const SAFE = /^(https?:|mailto:|#)/i;

// A text may be anybody's: what is begun and not ended ends where the next may begin, or at a length, so that no text is looked through over and over.
const SPANS = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^[\]]+)\]\(([^)\s]{1,2000})\)|(https?:\/\/[^\s<>)\]]+)/g;

/** Emphasis, code and links within a line. */
function inline(text: string): Child[] {
  const parts: Child[] = [];
  let from = 0;
  for (const match of text.matchAll(SPANS)) {
    const at = match.index ?? 0;
    if (at > from) parts.push(text.slice(from, at));
    from = at + match[0].length;
    const [whole, code, strong, soft, label, target, bare] = match;
    if (code !== undefined) parts.push(h("code", {}, code));
    else if (strong !== undefined) parts.push(filled("strong", inline(strong)));
    else if (soft !== undefined) parts.push(filled("em", inline(soft)));
    else if (bare !== undefined) parts.push(link(bare, bare));
    else parts.push(SAFE.test(target) ? link(label, target) : whole);
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

function link(label: string, target: string): HTMLElement {
  return h("a", { href: target, rel: "noopener noreferrer", target: "_blank" }, label);
}

/** An element of as many children as there may be: more than a call has arguments. */
function filled<K extends keyof HTMLElementTagNameMap>(tag: K, children: Child[]): HTMLElementTagNameMap[K] {
  const element = h(tag);
  for (const child of children) append(element, child);
  return element;
}

function isRule(line = ""): boolean {
  return /^[\s:|-]+$/.test(line) && line.lastIndexOf("|") > 0;
}

/** The text as elements. */
export function markdown(text: string): HTMLElement {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const root = h("div", { class: "prose" });
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const heading = /^(#{1,4})\s+([^]*)$/.exec(line);
    if (/^\s*$/.test(line)) ++i;
    else if (/^```/.test(line)) {
      const code: string[] = [];
      while (++i < lines.length && !/^```/.test(lines[i])) code.push(lines[i]);
      ++i;
      append(root, h("pre", {}, h("code", {}, code.join("\n"))));
    } else if (heading) {
      append(root, filled(`h${Math.min(6, heading[1].length + 2)}` as "h3", inline(heading[2])));
      ++i;
    } else if (/^(-{3,}|\*{3,})$/.test(line)) {
      append(root, h("hr"));
      ++i;
    } else if (/^>\s?/.test(line)) {
      const quote: string[] = [];
      while (i < lines.length && /^>\s?/.test(lines[i])) quote.push(lines[i++].replace(/^>\s?/, ""));
      append(root, filled("blockquote", inline(quote.join(" "))));
    } else if (/^\s*([-*+]|\d+[.)])\s+/.test(line)) {
      const list = h(/^\s*\d/.test(line) ? "ol" : "ul");
      while (i < lines.length && /^\s*([-*+]|\d+[.)])\s+/.test(lines[i])) append(list, filled("li", inline(lines[i++].replace(/^\s*([-*+]|\d+[.)])\s+/, ""))));
      append(root, list);
    } else if (/^\|.*\|\s*$/.test(line) && isRule(lines[i + 1])) {
      i = tableFrom(lines, i, root);
    } else {
      const words: string[] = [];
      do words.push(lines[i++]);  // whatever it is, so that this goes on
      while (i < lines.length && !/^(\s*$|```|#{1,4}\s|>|\s*([-*+]|\d+[.)])\s)/.test(lines[i]));
      append(root, filled("p", inline(words.join(" "))));
    }
  }
  return root;
}

function tableFrom(lines: string[], from: number, root: HTMLElement): number {
  const cells = (line: string): string[] => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim());
  const body = h("tbody");
  const table = h("table", { class: "data" }, h("thead", {}, filled("tr", cells(lines[from]).map((cell) => filled("th", inline(cell))))), body);
  let i = from + 2;
  for (; i < lines.length && /^\|.*\|\s*$/.test(lines[i]); ++i) append(body, filled("tr", cells(lines[i]).map((cell) => filled("td", inline(cell)))));
  append(root, table);
  return i;
}
