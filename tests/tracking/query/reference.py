"""The query language once more, from its description alone: reads run folders and evaluates queries, slowly and simply.

It shares nothing with the library: record and log are parsed here, from JSON and from the wire format, and a query becomes functions of a run.
Only queries that are right are understood.
"""

import datetime
import fnmatch
import json
import math
import pathlib
import re
import struct

# ---- Runs.


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def message(data):
    """Number and value of each field, in order."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = data[at:at + 8], at + 8
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            value, at = data[at:at + 4], at + 4
        yield key >> 3, value


def frames(data):
    at = 0
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield at + 16 + length, data[at + 12:at + 12 + length]
        at += 16 + length


def events_of(folder):
    """The effective log: a later segment says up to where of an older one it goes on."""
    segments = {int(p.name.rsplit(".", 1)[1]): p.read_bytes() for p in folder.glob("events.out.tfevents.*")}
    chain, end = [], None
    number = max(segments)
    while number is not None:
        events, resumed = [], None
        for stop, data in frames(segments[number]):
            if end is not None and stop > end:
                break
            fields = dict(message(data))
            if 103 in fields:
                resume = dict(message(fields[103]))
                resumed = (resume.get(1, 0), resume.get(2, 0))
            events.append(fields)
        chain = events + chain
        number, end = resumed if resumed else (None, None)
    return chain


class Series:
    def __init__(self, points):
        self.points = points


class Run:
    def __init__(self, folder):
        self.record = json.loads((folder / "run.json").read_text())
        self.series, self.root, self.time = {}, None, 0.0
        self.certain, self.at_tick = 0, {}  # steps that were committed, and that were logged at each boundary
        for event in events_of(folder):
            self.add(event)
        self.verified = None
        for report in sorted(folder.glob("notes/verify-*.json")):
            self.verified = json.loads(report.read_text())["verified"]
        self.size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        self.params = {p["name"]: self.typed(p) for p in self.record["params"]}
        self.fields = self.all_fields()

    def add(self, event):
        step = event.get(2, 0)
        self.time = struct.unpack("<d", event[1])[0]
        if 101 in event:
            self.root = dict(message(event[101]))[1].hex()
        if 101 in event or 102 in event or dict(message(event.get(7, b""))).get(1) == 3:
            self.certain = max(self.certain, step)
        elif 5 in event or 7 in event:
            self.at_tick.setdefault(event.get(110, 0), []).append(step)
        for number, value in message(event.get(5, b"")):
            context, name, point = [], None, None
            for field, content in message(value):
                if field == 101:
                    (point,) = struct.unpack("<d", content)
                elif field == 102:
                    name = content.decode()
                elif field == 103:
                    entry = dict(message(content))
                    context.append((entry[1].decode(), entry[2].decode()))
            self.series.setdefault((name, tuple(sorted(context))), []).append((step, point))

    def committed(self, launch):
        """What was logged of the last boundary may be of the step at hand."""
        last = max(self.at_tick, default=0)
        logged = [step - (tick == last) for tick, steps in self.at_tick.items() for step in steps]
        return max([self.certain, int(launch["first_step"]), *logged])

    @staticmethod
    def typed(param):
        kind, value = param["type"], param["value"]
        if kind.endswith(" list"):
            return [float(v) if kind.startswith(("float", "double")) else v for v in json.loads(value)]
        if kind == "bool":
            return value == "true"
        if kind in ("int", "uint"):
            return int(value)
        return float(value) if kind in ("float", "double") else value

    def all_fields(self):
        record, launch = self.record, self.record["launches"][-1]
        end, machine, source = launch.get("end"), launch["machine"], launch.get("source", {})
        status = {"FINISHED": "finished", "FAILED": "failed", "INTERRUPTED": "interrupted"}[end["status"]] if end else "dead"
        seconds = 0.0
        for one in record["launches"]:
            seconds += one["end"]["wall_seconds"] if "end" in one else self.time - one["started"]
        text = lambda value: value or None
        return {
            "id": record["id"], "name": record["name"], "program": record["program"], "group": None, "status": status,
            "made": ("date", record["created"]), "ended": ("date", end["time"]) if end else None,
            "duration": ("duration", seconds), "steps": int(record["steps"]) if end else self.committed(launch),
            "seed": int(record["seed"]), "numerics": record["numerics"],
            "digest": text(record["final_digest"]) or self.root, "tags": record["tags"], "note": None, "archived": False,
            "parent": text(record["forked_from"]), "forked_at": int(record["forked_at"]) if record["forked_from"] else None,
            "sweep": None, "trial": None, "verified": self.verified, "size": self.size, "host": text(machine["host"]),
            "cpu": text(machine["cpu"]), "isa": text(launch["isa"]), "device": text(launch["device"]),
            "gpu": text(machine["gpu"]), "threads": launch["threads"], "launches": len(record["launches"]),
            "git.commit": text(source.get("commit")), "git.branch": text(source.get("branch")),
            "git.dirty": source.get("dirty") if source.get("commit") else None, "git.remote": text(source.get("remote")),
        }

    def find(self, name, context):
        if (name, context) in self.series:
            return Series(self.series[(name, context)])
        of_name = [points for (n, c), points in self.series.items() if n == name]
        return Series(of_name[0]) if not context and len(of_name) == 1 else None

    def data(self, name):
        return next((d for d in self.record["data"] if d["name"] == name), None)


# ---- Values. None is missing.


class Count(int):
    """A number that is a condition too: is there any?"""


def kind(value):
    for of, what in ((bool, "boolean"), ((int, float), "number"), (str, "text"), (list, "list")):
        if isinstance(value, of):
            return what
    return value[0] if isinstance(value, tuple) else None


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)


def compare(a, op, b):
    if a is None or b is None or kind(a) != kind(b) or is_nan(a) or is_nan(b):
        return False
    if kind(a) == "list":
        same = len(a) == len(b) and all(compare(x, "==", y) for x, y in zip(a, b))
        return op == ("==" if same else "!=")
    if op == "==":
        return a == b
    if op == "!=":
        return a != b
    if kind(a) == "boolean":
        return False
    if kind(a) == "text":
        a, b = a.encode(), b.encode()
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def arithmetic(a, op, b):
    kinds = (kind(a), kind(b))
    if kinds == ("number", "number"):
        if op == "/":
            return None if b == 0 else a / b
        value = {"+": a + b, "-": a - b, "*": a * b}[op]
        return float(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value
    tagged = {("date", "duration", "+"): "date", ("date", "duration", "-"): "date", ("duration", "date", "+"): "date",
              ("date", "date", "-"): "duration", ("duration", "duration", "+"): "duration", ("duration", "duration", "-"): "duration"}
    if (*kinds, op) in tagged:
        x, y = a[1], b[1]
        return (tagged[(*kinds, op)], x + y if op == "+" else x - y)
    if kinds == ("duration", "number") and op in "*/":
        return None if op == "/" and b == 0 else ("duration", a[1] * b if op == "*" else a[1] / b)
    if kinds == ("number", "duration") and op == "*":
        return ("duration", a * b[1])
    if kinds == ("duration", "duration") and op == "/":
        return a[1] / b[1] if b[1] else None
    return None


def of_series(series, what, arguments):
    if series is None:
        return None
    points = series.points
    numbers = [(s, v) for s, v in points if not is_nan(v)]
    if what == "count":
        return Count(len(points))
    if what == "nan":
        return Count(len(points) - len(numbers))
    if what == "inf":
        return Count(sum(math.isinf(v) for _, v in numbers))
    if what == "tail":
        return Series(points[-arguments[0]:])
    if what == "smooth":
        average, power, out = 0.0, 1.0, []
        for step, value in points:
            if math.isfinite(value):
                average = arguments[0] * average + (1 - arguments[0]) * value
                power *= arguments[0]
                value = average / (1 - power)
            out.append((step, value))
        return Series(out)
    if what == "slope":
        finite = [(s, v) for s, v in points[-arguments[0]:] if math.isfinite(v)]
        if len({s for s, _ in finite}) < 2:
            return None
        x, y = sum(s for s, _ in finite) / len(finite), sum(v for _, v in finite) / len(finite)
        return sum((s - x) * (v - y) for s, v in finite) / sum((s - x) ** 2 for s, _ in finite)
    if what == "at":
        values = [v for s, v in points if s == arguments[0]]
        return values[-1] if values and kind(arguments[0]) == "number" else None
    if what == "always" and arguments:
        return all(arguments[0](v) for _, v in points)
    if what == "ever":
        return any(arguments[0](v) for _, v in points)
    if what == "first" and arguments:
        return next((s for s, v in points if arguments[0](v)), None)
    if what in ("last", "first", "step"):
        step, value = points[0 if what == "first" else -1]
        return step if what == "step" else value
    if not numbers:
        return None
    if what == "mean":
        total = 0.0
        for _, value in numbers:
            total += value
        return total / len(numbers)
    best = (max if "max" in what else min)(v for _, v in numbers)
    return next(s for s, v in numbers if v == best) if what.startswith("arg") else best


def has(whole, part):
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    return isinstance(whole, list) and any(compare(element, "==", part) for element in whole)


# ---- Queries.

UNITS = {"ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
TOKEN = re.compile(r"""\s*(?:
    (?P<date>\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?Z?(?!\w)) |
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?P<unit>[A-Za-z]*) |
    (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*') |
    (?P<param>params\.\w+(?:\.\w+)*) |
    (?P<git>git\.\w+) | (?P<word>\w+) |
    (?P<match>=~\s*(?:/(?P<regex>(?:\\.|[^/\\])*)/(?P<flags>\w*)|(?P<shell>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))) |
    (?P<symbol>==|!=|<=|>=|[-<>()\[\],.+*/=])
  )""", re.VERBOSE)


def unquoted(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text[1:-1])


def date_of(text):
    moment = datetime.datetime.fromisoformat(text.rstrip("Z").replace("T", " "))
    if text.endswith("Z"):
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return ("date", moment.timestamp())


def tokens_of(query):
    at = 0
    while at < len(query.rstrip()):
        found = TOKEN.match(query, at)
        at = found.end()
        yield found
    yield None


class Parser:
    """Each method returns a function of a run, or in `condition` one of a value."""

    def __init__(self, query, now):
        self.tokens, self.now = tokens_of(query), now
        self.advance()

    def advance(self):
        token = self.token = next(self.tokens)
        self.word = token and (token["word"] or token["symbol"])

    def take(self, *words):
        if self.word not in words:
            return None
        word = self.word
        self.advance()
        return word

    def any_of(self):
        parts = [self.all_of()]
        while self.take("or"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else lambda run: any(truth(p(run)) for p in parts)

    def all_of(self):
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda run: all(truth(p(run)) for p in parts)

    def negation(self):
        if self.take("not"):
            inner = self.negation()
            return lambda run: not truth(inner(run))
        return self.comparison()

    def comparison(self):
        left = self.sum()
        if self.token and self.token["match"]:
            found = self.token
            self.advance()
            return lambda run: any(matches(found, value) for value in as_list(left(run)))
        if self.take("has"):
            right = self.sum()
            return lambda run: has(left(run), right(run))
        negated = self.take("not")
        if self.take("in"):
            right = self.sum()
            return lambda run: (isinstance(right(run), list) and has(right(run), left(run))) != bool(negated)
        chain = [left]
        while op := self.take("==", "!=", "<", "<=", ">", ">="):
            chain += [op, self.sum()]
        if len(chain) == 1:
            return left
        return lambda run: all(holds(run, *chain[i:i + 3]) for i in range(0, len(chain) - 2, 2))

    def sum(self):
        return self.arithmetic(("+", "-"), lambda: self.arithmetic(("*", "/"), self.unary))

    def arithmetic(self, symbols, part):
        left = part()
        while op := self.take(*symbols):
            left = (lambda a, op, b: lambda run: arithmetic(a(run), op, b(run)))(left, op, part())
        return left

    def unary(self):
        if self.take("-"):
            inner = self.unary()
            return lambda run: arithmetic(-1, "*", inner(run))
        return self.primary()

    def primary(self):
        token = self.token
        if self.take("("):
            inner = self.any_of()
            self.advance()
            return inner
        if self.take("["):
            parts = []
            while not self.take("]"):
                parts.append(self.sum())
                self.take(",")
            return lambda run: [p(run) for p in parts]
        self.advance()
        if token["date"]:
            return constant(date_of(token["date"]))
        if token["number"]:
            return constant(number_of(token))
        if token["text"]:
            return constant(unquoted(token["text"]))
        if token["param"]:
            return lambda run: run.params.get(token["param"][7:])
        if token["git"]:
            return lambda run: run.fields[token["git"]]
        return self.named(token["word"])

    def named(self, word):
        constants = {"true": True, "false": False, "none": None, "now": ("date", self.now)}
        if word in constants:
            return constant(constants[word])
        if word == "today":
            day = datetime.datetime.fromtimestamp(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
            return constant(("date", day.timestamp()))
        if word in ("params", "metrics", "data"):
            return self.named_by_text(word)
        return lambda run: run.fields[word]

    def named_by_text(self, word):
        if not self.take("["):
            return lambda run: {"params": list(run.params), "metrics": [n for n, _ in run.series],
                                "data": [d["name"] for d in run.record["data"]]}[word]
        name, context = self.quoted(), []
        while self.take(","):
            key = unquoted(self.token["text"]) if self.token["text"] else self.word
            self.advance()
            self.advance()
            context.append((key, self.quoted()))
        self.advance()
        if word == "params":
            return lambda run: run.params.get(name)
        if word == "data":
            self.advance()
            member = self.take("digest", "samples")
            of_data = lambda d: d and (d["samples_sha256"] if member == "digest" else int(d["count"]))
            return lambda run: of_data(run.data(name))
        return self.series(lambda run: run.find(name, tuple(sorted(context))))

    def series(self, value):
        while self.take("."):
            what, arguments = self.word, []
            self.advance()
            if self.take("("):
                arguments = [self.condition() if what in ("first", "ever", "always") else self.sum()]
                self.advance()
            value = (lambda of, what, given: lambda run: of_series(of(run), what, [a(run) for a in given]))(value, what, arguments)
        return value

    def condition(self):
        if self.take("in"):
            right = self.sum()
            return lambda run: lambda value: has(right(run), value)
        op = self.word
        self.advance()
        right = self.sum()
        return lambda run: lambda value: compare(value, op, right(run))

    def quoted(self):
        text = unquoted(self.token["text"])
        self.advance()
        return text


def constant(value):
    return lambda run: value


def number_of(token):
    text, unit = token["number"], token["unit"]
    value = int(text) if text.isdigit() else float(text)
    if unit in UNITS:
        return ("duration", value * UNITS[unit])
    if unit:
        value *= SIZES[unit]
        return int(value) if value == int(value) else value
    return value


def holds(run, a, op, b):
    x, y = a(run), b(run)
    for value, other in ((a, y), (b, x)):
        if value(run) is None and is_none(value):
            return (other is None) == (op == "==")
    return compare(x, op, y)


def is_none(value):
    try:
        return value(None) is None  # only what is constant has a value without a run
    except AttributeError:
        return False


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches(found, value):
    if not isinstance(value, str):
        return False
    if found["shell"]:
        return re.fullmatch(fnmatch.translate(unquoted(found["shell"])), value) is not None
    return re.search(found["regex"].replace("\\/", "/"), value, re.IGNORECASE if found["flags"] else 0) is not None


def truth(value):
    return value is True or (isinstance(value, Count) and value > 0)


def searches(query):
    if re.search(r"[=<>!~()\[\]\"'+*/,&|]", query) or {"and", "or", "not", "in", "has"} & set(query.split()):
        return re.fullmatch(r"""\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*""", query) and unquoted(query.strip())
    return None if query.startswith("params.") or query in ("archived", "verified", "git.dirty") else query


def lowered(text):
    return text.translate({i: i + 32 for i in range(65, 91)})


def answers(runs, query, now):
    """The runs for which it holds."""
    if not query.strip():
        return list(runs)
    if wanted := searches(query.strip()):
        found = lambda run: [run.fields["name"], run.fields["group"] or "", run.fields["note"] or "", *run.fields["tags"]]
        return [run for run in runs if any(lowered(wanted) in lowered(text) for text in found(run))]
    condition = Parser(query, now).any_of()
    return [run for run in runs if truth(condition(run))]


def read(folder):
    return [Run(path) for path in sorted(pathlib.Path(folder).iterdir()) if (path / "run.json").is_file()]
