import { markdown } from "../../../tracking/ui/page/markdown";
import { equal, holds, test } from "./check";

const MOST = 4_000_000;  // children: a text that goes on forever ends the test

/** As much of an element as Markdown takes. */
class Stand {
  children: (Stand | string)[] = [];
  attributes: { [name: string]: string } = {};
  constructor(readonly tag: string) {}
  setAttribute(name: string, value: string): void { this.attributes[name] = value; }
  append(child: Stand | string): void {
    this.children.push(child);
    if (this.children.length > MOST) throw new Error("it goes on forever");
  }
}

function made(text: string): Stand {
  const page = globalThis as unknown as { document: unknown };
  const before = page.document;
  page.document = { createElement: (tag: string) => new Stand(tag) };
  try {
    return markdown(text) as unknown as Stand;
  } finally {
    page.document = before;
  }
}

const outline = (of: Stand | string): unknown => typeof of === "string" ? of : [of.tag, ...of.children.map(outline)];
const shown = (text: string): unknown => made(text).children.map(outline);

test("Markdown makes headings, lists, quotes, tables, code and links", () => {
  equal(shown("# a\nb *c* `d` **e**\nf"), [["h3", "a"], ["p", "b ", ["em", "c"], " ", ["code", "d"], " ", ["strong", "e"], " f"]]);
  equal(shown("- a\n- b\n\n> c\n\n|a|b|\n|-|-|\n|c|d|"), [["ul", ["li", "a"], ["li", "b"]], ["blockquote", "c"],
    ["table", ["thead", ["tr", ["th", "a"], ["th", "b"]]], ["tbody", ["tr", ["td", "c"], ["td", "d"]]]]]);
  equal(shown("|a|\n|"), [["p", "|a| |"]]);
  equal(shown("[a](https://b/(c) [d](#e)"), [["p", ["a", "a"], " ", ["a", "d"]]]);
});

test("links lead to the web, to mail and to the page alone", () => {
  for (const target of ["javascript:a", "JaVaScRiPt:a", "data:text/html,a", "vbscript:a", "file:///a"]) equal(shown(`[x](${target})`), [["p", `[x](${target})`]]);
});

test("a heading that separators of lines and paragraphs break ends", () => {
  for (const [separator, visible] of [["\u2028", "\\u{2028}"], ["\u2029", "\\u{2029}"]]) equal(shown(`# a${separator}b`), [["h3", `a${visible}b`]]);
});

test("what is begun over and over takes no longer than what is ended", () => {
  const many = 1 << 18;
  for (const begun of ["[", "[a](", "`", "*", "**a", "#", "| ", "-"]) holds(made(begun.repeat(many)).children.length > 0, begun);
  holds(made(`|a|\n${"| ".repeat(many)}x`).children.length > 0, "a table's rule");
  equal(made(`${"|".repeat(many)}\n|-|`).children.map((child) => (child as Stand).tag), ["table"]);
});
