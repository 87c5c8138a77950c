"""Runs the unit tests of the page's modules by Node, and reads the SVG that they write as XML.

    units.py

esbuild joins the tests, tests/tracking/ui/*_test.ts. Where it or Node is missing, the test says so and is skipped.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SKIPPED = 77  # what CTest takes as skipped
HERE = pathlib.Path(__file__).resolve().parent


def program(*names):
    """The first of these programs that there is, or None."""
    return next((name for name in names if shutil.which(name)), None)


def check_svg(folder):
    """Complaints about SVG files: each must be well-formed, hold no script, and show the texts that its .json names."""
    complaints = []
    files = sorted(folder.glob("*.svg"))
    for file in files:
        expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        try:
            root = xml.etree.ElementTree.fromstring(file.read_text(encoding="utf-8"))
        except xml.etree.ElementTree.ParseError as error:
            complaints.append(f"{file.name}: {error}")
            continue
        kinds = {element.tag.split("}")[-1] for element in root.iter()}
        texts = {"".join(element.itertext()) for element in root.iter() if element.tag.endswith(("text", "title"))}
        complaints += [f"{file.name}: no text {text!r} among {sorted(texts)}" for text in expected["texts"] if text not in texts]
        complaints += [f"{file.name}: an element <{kind}>" for kind in kinds - set(expected["elements"])]
    return complaints if files else ["the tests wrote no SVG"]


def main():
    node, esbuild = program("node", "nodejs"), program("esbuild")
    if not node or not esbuild:
        print(f"skipped: there is no {'Node (package nodejs)' if not node else 'esbuild'}; cmake/setup.sh ci installs it")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        entry = work / "all.ts"
        tests = sorted(HERE.glob("*_test.ts"))
        entry.write_text("".join(f"import {json.dumps(str(test))};\n" for test in tests) + f"import {{ report }} from {json.dumps(str(HERE / 'check'))};\nvoid report();\n")
        joined = work / "all.js"
        subprocess.run([esbuild, entry, "--bundle", "--platform=node", "--format=cjs", "--log-level=warning", f"--outfile={joined}"], check=True)
        done = subprocess.run([node, joined, work], timeout=100)
        complaints = check_svg(work)
    print("\n".join(complaints) or "SVG is well-formed")
    sys.exit(1 if done.returncode or complaints else 0)


if __name__ == "__main__":
    main()
