"""Results as a bar chart in SVG, readable on light and dark pages."""

from xml.sax.saxutils import escape

from figures import FIGURES
from report import number

SHOWN = ("tcp1", "tcp4", "tcp1-reverse", "tcp1-both", "udp1372", "udp64", "rtt", "rtt-load", "cpu", "memory")

COLUMNS = 2
PANEL_WIDTH, GAP, MARGIN = 440, 24, 16
TITLE_HEIGHT, BAR_HEIGHT, BAR_STEP, PANEL_SPACE = 24, 14, 20, 18
LABEL_WIDTH, NUMBER_WIDTH = 136, 60

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.unit { fill: #57606a; font-weight: 400 }
.label { text-anchor: end }
.ours { fill: #0a7f5a }
.other { fill: #8c959f }
.limit { fill: #c9b458 }
.spread { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.unit { fill: #9198a1 }
.ours { fill: #2fbf8f }
.other { fill: #656c76 }
.limit { fill: #8f7f35 }
.spread { stroke: #e6edf3 }
}
"""


def kind(row):
    if row.startswith("culvertd"):
        return "ours"
    return "limit" if row in ("bare", "null") or row.startswith("limit") else "other"


def bar(results, row, figure, scale, y):
    """A row's label, bar, spread and number; scale turns a value into a width."""
    low, high = results.spread(row, figure)
    value = results.median(row, figure)
    middle, width = y + BAR_HEIGHT / 2, value * scale
    yield f'<text class="label" x="{LABEL_WIDTH - 8}" y="{y + 11}">{escape(row)}</text>'
    yield f'<rect class="{kind(row)}" x="{LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2"/>'
    if high > low:
        yield (f'<path class="spread" d="M{LABEL_WIDTH + low * scale:.1f} {middle}'
               f'H{LABEL_WIDTH + high * scale:.1f}"/>')
    yield (f'<text x="{LABEL_WIDTH + high * scale + 6:.1f}" y="{y + 11}">'
           f"{number(value, FIGURES[figure].decimals)}</text>")


def panel(results, figure):
    """One figure of all rows that have it; a list of elements and the height."""
    about = FIGURES[figure]
    rows = [row for row in results.rows() if results.values(row, figure)]
    most = max(results.spread(row, figure)[1] for row in rows)
    scale = (PANEL_WIDTH - LABEL_WIDTH - NUMBER_WIDTH) / (most or 1)
    better = "more" if about.is_more_better else "less"
    lines = [f'<text class="title" x="0" y="14">{escape(about.title)} '
             f'<tspan class="unit">{escape(about.unit)}, {better} is better</tspan></text>']
    for i, row in enumerate(rows):
        lines += bar(results, row, figure, scale, TITLE_HEIGHT + i * BAR_STEP)
    return lines, TITLE_HEIGHT + len(rows) * BAR_STEP + PANEL_SPACE


def draw(results):
    """The whole picture as text; panels from left to right, each line as high as its highest."""
    panels = [panel(results, figure) for figure in SHOWN if figure in results.figures()]
    body, y = [], MARGIN
    for start in range(0, len(panels), COLUMNS):
        line = panels[start:start + COLUMNS]
        for i, (lines, _) in enumerate(line):
            body += [f'<g transform="translate({MARGIN + i * (PANEL_WIDTH + GAP)} {y})">', *lines, "</g>"]
        y += max(height for _, height in line)
    width = 2 * MARGIN + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" '
                      f'height="{y}" role="img" aria-label="Benchmark results">', f"<style>{STYLE}</style>",
                      *body, "</svg>"]) + "\n"


def write(path, results):
    with open(path, "w", encoding="utf-8") as file:
        file.write(draw(results))
