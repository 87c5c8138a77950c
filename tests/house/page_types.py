"""Checks the types of the page's TypeScript.

    page_types.py ROOT

By Debian's package node-typescript; where there is no tsc, the test says so and is skipped.
"""

import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77  # what CTest takes as skipped

root = pathlib.Path(sys.argv[1])
projects = sorted((root / "tracking" / "ui" / "page").rglob("tsconfig.json"))
if not projects:
    sys.exit(f"no tsconfig.json below {root}/tracking/ui/page")
if not shutil.which("tsc"):
    print("skipped: there is no tsc; on Debian it is in the package node-typescript")
    sys.exit(SKIPPED)
failed = False
for project in projects:
    done = subprocess.run(["tsc", "--project", project, "--pretty", "false"], capture_output=True, text=True)
    print(done.stdout, end="")
    failed = failed or done.returncode != 0
print(f"{len(projects)} projects" + (", types are wrong" if failed else ""))
sys.exit(1 if failed else 0)
