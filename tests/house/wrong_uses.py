"""Compiles uses that are wrong, and holds the compiler to an error for each that says what was meant, and g++ to no other.

    wrong_uses.py COMPILER FOLDER...

The folders are those of the headers. A line of wrong_uses/wrong_uses.cpp with `// says: TEXT` is such a use.
"""

import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).parent / "wrong_uses/wrong_uses.cpp"


def main():
    compiler, *folders = sys.argv[1:]
    expected = re.findall(r"// says: (.*)$", SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
    is_clang = "clang" in pathlib.Path(compiler).name
    every = ["-ferror-limit=0"] if is_clang else []
    command = [compiler, "-std=c++20", "-fsyntax-only", *every, *(flag for folder in folders for flag in ("-isystem", folder))]
    done = subprocess.run([*command, SOURCE], capture_output=True, text=True)
    errors = re.findall(r"error: (.*)$", done.stderr, re.MULTILINE)
    problems = [f"no error says: {text}" for text in sorted(set(expected)) if sum(text in e for e in errors) < expected.count(text)]
    if not is_clang and len(errors) != len(expected):
        problems += [f"{len(errors)} errors for {len(expected)} wrong uses", *errors]
    print("\n".join(problems) or f"{len(expected)} wrong uses, an error each")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
