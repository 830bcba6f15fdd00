"""What Prometheus' text form and OpenMetrics 1.0 demand of every line, as far as we use them."""

import re

NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
VALUE = r"(?:\\\\|\\\"|\\n|[^\\\"\n])*"
LABEL = re.compile(rf"({NAME})=\"({VALUE})\"(?:,|$)")
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{NAME}=\"{VALUE}\",?)*)\}})? ([0-9]+)")
META = re.compile(rf"# (HELP|TYPE|UNIT) ({NAME}) (\S.*)")
SUFFIX = {"counter": "_total", "gauge": "", "info": "_info"}


class Malformed(Exception):
    """A line is not as it must be."""


def need(condition, line, why):
    if not condition:
        raise Malformed(f"{why}: {line!r}")


def labels_of(text, line):
    found = LABEL.findall(text)
    need("".join(f'{name}="{value}",' for name, value in found).rstrip(",") == text, line, "labels")
    need(len({name for name, _ in found}) == len(found), line, "a label twice")
    return tuple(sorted((name, re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)) for name, value in found))


def parse(data, is_open):
    """{sample name: {labels: value}}; labels: ((name, value), ...)."""
    text = data.decode("utf-8")  # strict
    need(text.endswith("# EOF\n" if is_open else "\n"), text[-20:], "the end")
    lines = text.split("\n")[:-2 if is_open else -1]
    families, samples, current = {}, {}, None
    for line in lines:
        meta = META.fullmatch(line)
        if meta:
            what, name, said = meta.groups()
            if what == "HELP":
                need(name not in families, line, "a family twice")
                current = families[name] = {"name": name}
            need(current and current["name"] == name and what not in current and not current.get("began"), line, "order")
            current[what] = said
            need(what != "UNIT" or (is_open and name.endswith("_" + said)), line, "unit")
            continue
        found = SAMPLE.fullmatch(line)
        need(found and current and "TYPE" in current, line, "no sample")
        kind, name = current["TYPE"], current["name"]
        need(kind in (SUFFIX if is_open else ("counter", "gauge")), line, f"type {kind}")
        need(found[1] == (name + SUFFIX[kind] if is_open else name), line, "not of its family")
        need(kind != "counter" or found[1].endswith("_total"), line, "a counter's name")
        need(not found[1].endswith("_info") or found[3] == "1", line, "info is 1")
        current["began"] = True
        labels = labels_of(found[2] or "", line)
        series = samples.setdefault(found[1], {})
        need(labels not in series, line, "a series twice")
        series[labels] = int(found[3])
    return samples
