"""Fails on a source of more than 600 lines: such a file is two files.

    file_size.py ROOT
"""

import pathlib
import sys

LIMIT = 600
FOLDERS = ["tensor", "nn", "data", "optim", "tracking", "cuda", "examples", "tests", "bench", "cmake"]
SUFFIXES = {".h", ".cpp", ".cc", ".cu", ".cuh", ".inc", ".proto", ".py", ".sh", ".cmake", ".ts", ".css"}

root = pathlib.Path(sys.argv[1])
sources = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in SUFFIXES]
lines = {path.relative_to(root): len(path.read_text().splitlines()) for path in sources}
too_long = {path: count for path, count in lines.items() if count > LIMIT}
for path, count in sorted(too_long.items()):
    print(f"{path}: {count} lines; split it, {LIMIT} is the limit")
if not sources:
    sys.exit(f"no sources below {root}")
sys.exit(1 if too_long else 0)
