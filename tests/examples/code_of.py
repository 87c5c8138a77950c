"""Writes the programs of a page of documentation as files.

    code_of.py PAGE FOLDER

The pieces of a program are the blocks ```cpp NAME, one after another. A file that would not change keeps its time. Prints the names.
"""

import re
import sys
from pathlib import Path

page, folder = Path(sys.argv[1]), Path(sys.argv[2])
programs = {}
for name, code in re.findall(r"^```cpp (\S+\.cpp)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
    programs[name] = programs.get(name, "") + code
folder.mkdir(parents=True, exist_ok=True)
for name, code in programs.items():
    file = folder / name
    if not file.exists() or file.read_text(encoding="utf-8") != code:
        file.write_text(code, encoding="utf-8")
print(";".join(programs), end="")
