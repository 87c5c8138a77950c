"""Fails where docs/pieces.md lacks a public name of nn, optim or data, or has one that no header declares.

    pieces.py ROOT

Public are the headers that cmake/stet.h includes. Options, results of calls and what layers share are described with what they belong to, and
need no line: see PARTS.
"""

import pathlib
import re
import sys

# What a piece takes, gives, or is made of.
PARTS = """
AccuracyOf AdaptivePool2d Activation Along AttentionCall BatchNormBase Bag ClassCounts ClassScores DecoderCall Dropping Fan Fans Frame
Group GroupOptions InstanceNormBase Join LoadReport LoaderBase MnistPart Padding2d PixelScale Pool2d Recurrent RecurrentCall RecurrentLayer Reduction Rename
SampleMean Shaped Size2d SpectralState Split Stack StoredTensor Cifar10Part Cifar100Labels GradientCheck TokenType Mode
announce_split check_fractions check_weights collate collate_padded draw_beta for_each_batch in_buckets length_of norm_beside orthonormalize out_axis part_sizes
sample samples_sha256 split_indices split_record stratified_indices subsets_of to_string weight_of weighted_draws
""".split()


def declarations(text):
    """What stands at the level of a header's namespaces, bodies as {}; what is internal is left out."""
    text = re.sub(r"^#.*|//.*", "", text, flags=re.M)
    out, start, braces, parentheses = [""], 0, [], 0
    for at, c in enumerate(text):
        inside = "body" in braces
        if c == "{":
            space = re.search(r"namespace ([\w:]+)\s*$", text[start:at])
            braces.append("body" if not space or space[1] == "internal" else "namespace")
            if not space and not inside:
                out[-1] += "{}"
        elif c == "}":
            inside = braces.pop() == "body"
        elif not inside:
            out[-1] += c
            parentheses += (c == "(") - (c == ")")
        if c in ";{}" and "body" not in braces and parentheses == 0:
            start = at + 1
            out.append("")
    return out


def without_requires(text):
    """Without the parentheses behind `requires`."""
    while (at := re.search(r"requires\s*\(", text)) is not None:
        depth, end = 1, at.end()
        while depth and end < len(text):
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        text = text[:at.start()] + text[end:]
    return text


def declared(header):
    """Types and functions at the namespace's own level."""
    names = set()
    for text in declarations(header.read_text(encoding="utf-8")):
        text = without_requires(re.sub(r"sizeof\.\.\.\(\w+\)", "", " ".join(text.split())))
        kind = re.search(r"^(?:template <.*?> )?(?:class|struct|enum class) (\w+)[^(]*\{\}", text)
        function = re.search(r"(\w+) ?\(", text)
        if kind:
            names.add(kind[1])
        elif function and not re.match(r"(?:template <.*?> )?(?:concept|friend|using|class|struct)\b", text):
            if not re.search(r"\boperator\b|->", text[:function.end()]):
                names.add(function[1])
    return names


def main():
    root = pathlib.Path(sys.argv[1])
    page = (root / "docs/pieces.md").read_text(encoding="utf-8")
    public = [name for name in re.findall(r'"stet/((?:nn|optim|data)/.*\.h)"', (root / "cmake/stet.h").read_text(encoding="utf-8"))]
    names = {header: declared(root / header) for header in public}
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    problems = []
    for row in rows:
        *cells, headers = row.strip("| ").split(" | ")
        headers = re.findall(r"`([\w/]+\.h)`", headers)
        known = set().union(*(names.get(header, declared(root / header)) for header in headers if (root / header).exists()))
        problems += [f"{header}: there is no such header" for header in headers if not (root / header).exists()]
        for name in re.findall(r"`(?:\w+::)?(\w+)[^`]*`", cells[0]):
            if name not in known:
                problems.append(f"docs/pieces.md: {name} is not declared in {' or '.join(headers)}")
    written = set(re.findall(r"`(?:\w+::)?(\w+)[^`]*`", "\n".join(row.strip("| ").split(" | ")[0] for row in rows)))
    for header, its_names in names.items():
        problems += [f"docs/pieces.md: {name} of {header} has no line" for name in sorted(its_names - written)
                     if name not in PARTS and not re.search(r"Options(1d)?$", name)]
    print("\n".join(problems) or f"{len(written)} pieces")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
