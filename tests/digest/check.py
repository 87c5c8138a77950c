#!/usr/bin/env python3
"""Compares what the digest program prints with the committed digests.

  check.py [--models] [--runner PROGRAM] [--isa NAME]... DIGESTS    on 1 and 3 threads of every instruction set, or of those named
  check.py [--models] --device cuda DIGESTS                         on a GPU, or on an emulated one (digests_emulated)
  check.py --write DIGESTS                                          adds the lines of new cases to the committed file

tests/golden/digests-vN.txt holds the digests of version N of the numerics contract, and a line in it never changes.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

def golden_file():
    version = re.search(r"numerics_version = (\d+)", (ROOT / "tensor/contract.h").read_text()).group(1)
    return ROOT / "tests/golden" / f"digests-v{version}.txt"


def read_lines(text):
    """The cases' digests, or what stands in their place, and remarks on how they were computed."""
    lines = [line.split(maxsplit=2) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: digest for name, digest, *_ in lines}, {name: remark for name, _, *remarks in lines for remark in remarks}


def run(command, **environment):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **environment}).stdout


def write(command, path):
    old, _ = read_lines(path.read_text()) if path.exists() else ({}, {})
    new, _ = read_lines(run(command + ["--models"]))
    changed = [name for name in old if name in new and new[name] != old[name]]
    if changed:
        sys.exit(f"check: not written, as these cases have other bits than {path.name} has: {' '.join(changed)}\n"
                 "Where that is meant, it is a new version of the numerics contract: raise numerics_version in tensor/contract.h first.")
    head = f"# Digests that every build must print, under version {path.stem.split('-v')[1]} of docs/numerics.md. " \
           "tests/digest/check.py --write adds new cases.\n"
    lines = {name: new[name] for name in old if name in new} | new  # in the file's order, new ones last
    path.write_text(head + "".join(f"{name} {digest}\n" for name, digest in lines.items()))
    print(f"{path.name}: {len(new)} lines, {len(new.keys() - old.keys())} of them new, {len(old.keys() - new.keys())} taken out")


def check_device(command, device, models):
    got, remarks = read_lines(run(command + ["--device", device] + ["--models"] * models))
    none = {name for name, digest in got.items() if digest == "none:"}
    computed = {name: digest for name, digest in got.items() if name not in none}
    want, _ = read_lines(golden_file().read_text())
    wanted = {name: digest for name, digest in want.items() if name not in none and (models or not re.match(r"model\.(?!small_)", name))}
    right = compare(device, computed, wanted, True)
    if none:
        print(f"check: {device} has no digest of {len(none)} cases:", *(f"  {name} {remarks[name]}" for name in none), sep="\n", file=sys.stderr)
    if none or not right:
        sys.exit(1)
    print(f"{len(computed)} digests agree on {device}; {len(remarks)} of them have inputs of float64 that were computed on the CPU")


def compare(where, got, want, whole):
    """Whether the lines agree; says on standard error where they don't."""
    wrong = [f"  {name} is {digest}, not {want.get(name, 'in the file')}" for name, digest in got.items() if want.get(name) != digest]
    if whole:
        wrong += [f"  {name} was not printed" for name in want if name not in got]
    if wrong:
        print(f"check: on {where} {len(wrong)} of {len(got)} digests are not those of {golden_file().name}:", *wrong, sep="\n", file=sys.stderr)
    return not wrong


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--models", action="store_true")
    parser.add_argument("--runner", default="")
    parser.add_argument("--isa", action="append")
    parser.add_argument("--device")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    command = options.runner.split() + [options.program.resolve()]
    if options.write:
        return write(command, golden_file())
    if options.device:
        return check_device(command, options.device, options.models)

    want, _ = read_lines(golden_file().read_text())
    isas = options.isa or run(command + ["--isas"]).split()
    # The reference models on the best instruction set, or those named: they take minutes where there are no vectors.
    runs = [(isa, threads, options.models and threads == 3 and (isa == isas[0] or options.isa is not None)) for isa in isas for threads in (1, 3)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = pool.map(lambda r: run(command + ["--threads", r[1]] + ["--models"] * r[2], STET_ISA=r[0]), runs)
        digests = [read_lines(output)[0] for output in outputs]
    right = all([compare(f"{isa}, {threads} threads,", got, want, models) for (isa, threads, models), got in zip(runs, digests)])
    most = max(map(len, digests))
    if not right:
        sys.exit("Under one version of the numerics contract every result has one bit pattern. A build that gives another is wrong; so is a\n"
                 "change, unless it is meant: then raise numerics_version in tensor/contract.h, say in docs/numerics.md what changed, and make\n"
                 "the new version's file with tests/digest/check.py --write. Digests of a case that is new are added the same way.")
    print(f"{most} digests agree on {', '.join(isas)}")


if __name__ == "__main__":
    main()
