"""Fails on a source that clang-format would change.

    format.py ROOT

Only version 14, Debian 12's, judges: others format otherwise. Where it is missing, the test says so and is skipped.
"""

import pathlib
import re
import shutil
import subprocess
import sys

VERSION = 14
SKIPPED = 77  # what CTest takes as skipped
FOLDERS = ["tensor", "nn", "data", "optim", "tracking", "cuda", "examples", "tests", "bench", "cmake"]
SUFFIXES = {".h", ".cpp", ".cu"}


def clang_format():
    """The program's name, or None where this version isn't installed."""
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            version = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if re.search(rf"version {VERSION}\.", version):
                return name
    return None


def main():
    root = pathlib.Path(sys.argv[1])
    program = clang_format()
    if not program:
        print(f"skipped: there is no clang-format of version {VERSION}; on Debian 12 it is the package clang-format")
        sys.exit(SKIPPED)
    sources = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in SUFFIXES)
    if not sources:
        sys.exit(f"no sources below {root}")
    done = subprocess.run([program, "--dry-run", "--Werror", *sources], capture_output=True, text=True)
    offenders = sorted(set(re.findall(r"^(.+?):\d+:\d+: error:", done.stderr, re.MULTILINE)))
    for path in offenders:
        print(f"{pathlib.Path(path).relative_to(root)}: `make format` changes it")
    print(f"{len(sources)} sources, {len(offenders)} that differ")
    sys.exit(1 if done.returncode else 0)


if __name__ == "__main__":
    main()
