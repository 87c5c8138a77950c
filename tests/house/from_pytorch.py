"""Fails where a name of Stet in a table of docs/from-pytorch.md is used by no test and no example.

    from_pytorch.py ROOT

A name is what a Stet cell calls or qualifies in its code: `nn::GRU`, `tril(x)`, `x.repeat(…)`, `{.kv_heads = 2}`.
"""

import pathlib
import re
import sys

# How code uses a name: qualified, as an option, as a member function, as a function.
USES = [(r"(?:\w+::)+(\w+)", r"\b{}\b"), (r"\.(\w+)(?= =)", r"\.{} ="), (r"\.(\w+)(?=[(<])", r"\.{}[(<]"), (r"(?<![.:\w])([a-z]\w*)(?=[(<])", r"\b{}[(<]")]


def uses_of(cell):
    """Patterns for the names in a cell's code, each with the code that it stands in."""
    for code in re.findall(r"`([^`]*)`", cell):
        if alone := re.fullmatch(r"(?:\w+::)*([A-Za-z]\w+)", code):
            yield rf"\b{alone[1]}\b", code
        else:
            yield from ((pattern.format(name), code) for name_in, pattern in USES for name in re.findall(name_in, code))


def main():
    root = pathlib.Path(sys.argv[1])
    sources = [path for folder in ("tests", "examples") for path in (root / folder).rglob("*") if path.suffix in (".cpp", ".h")]
    code = "\n".join(re.sub(r"//.*", "", path.read_text(encoding="utf-8")) for path in sources)
    code += "\n".join(re.findall(r"^```cpp \S+\n(.*?)^```$", (root / "docs/tutorial.md").read_text(encoding="utf-8"), re.M | re.S))
    seen, problems = {}, []
    for line in (root / "docs/from-pytorch.md").read_text(encoding="utf-8").splitlines():
        cells = re.split(r"(?<!\\) \| ", line.strip("| "))
        if not line.startswith("|") or len(cells) < 2 or set(line) <= set("|- "):
            continue
        for pattern, where in uses_of(cells[1]):
            if pattern not in seen:
                seen[pattern] = re.search(pattern, code) is not None
            if not seen[pattern]:
                problems.append(f"`{where}` in the row of {cells[0]}: nothing in tests matches {pattern}")
    print("\n".join(problems) or f"{len(seen)} names, each used")
    sys.exit(1 if problems or not seen else 0)


if __name__ == "__main__":
    main()
