"""Compiles every installed header by itself, warnings as errors, with no include folders but the package's own
and those that it asks for.

    headers.py COMPILER PREFIX [FOLDER]...
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys


def check(compiler, flags, header):
    """What the compiler says of one header; nothing if it is fine."""
    done = subprocess.run(
        [compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, "-x", "c++", "-"],
        input=f"#include <{header}>\n", capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def main():
    compiler, prefix, *folders = sys.argv[1:]
    include = pathlib.Path(prefix) / "include"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
    flags = ["-I", include, *(flag for folder in folders for flag in ("-isystem", folder))]
    if not headers:
        sys.exit(f"no headers below {include}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(lambda header: check(compiler, flags, header), headers))
    for header, complaint in zip(headers, complaints):
        if complaint:
            print(f"{header}:\n{complaint}")
    print(f"{len(headers)} headers, {sum(map(bool, complaints))} that don't compile by themselves")
    sys.exit(1 if any(complaints) else 0)


if __name__ == "__main__":
    main()
