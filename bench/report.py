"""Results as text: for a terminal, and as Markdown between two marks of a page."""

from figures import FIGURES, LIMIT_GOAL, MEMORY_GOAL_MIB

# Packets whose cost without anything else is told.
CIPHER_LENS = ("64", "1420")

BEGIN, END = "<!-- bench/run writes from here -->", "<!-- to here -->"


def number(value, decimals):
    return "" if value is None else f"{value:,.{decimals}f}"


def cell(results, row, figure):
    """The median, and from where to where the rounds went."""
    decimals, spread = FIGURES[figure].decimals, results.spread(row, figure)
    if not spread:
        return ""
    median = number(results.median(row, figure), decimals)
    if len(results.values(row, figure)) == 1:
        return median
    return f"{median} ({number(spread[0], decimals)}-{number(spread[1], decimals)})"


def title(figure):
    return f"{FIGURES[figure].title}, {FIGURES[figure].unit}"


def figures_table(results):
    rows = results.rows()
    return [["", *rows]] + [[title(figure), *(cell(results, row, figure) for row in rows)]
                            for figure in results.figures()]


def verdict(value, wanted, is_more_better, of):
    """One goal in words; nothing when it cannot be told."""
    if value is None or wanted is None:
        return []
    is_met = value >= wanted if is_more_better else value <= wanted
    return [f"{'at least' if is_more_better else 'at most'} {wanted:g} {of}: {'met' if is_met else 'not met'}"]


def goals(results, figure):
    """What is wanted of culvertd in this figure, and whether it is so."""
    about = FIGURES[figure]
    newest, limit = results.newest(), results.best_limit(figure)
    said = []
    if newest:
        said += verdict(results.ratio("culvertd", newest, figure), about.goal, about.is_more_better, f"by {newest}")
    if limit and about.is_more_better:
        said += verdict(results.ratio("culvertd", limit, figure), LIMIT_GOAL, True, f"by {limit}")
    if figure == "memory":
        said += verdict(results.median("culvertd", figure), MEMORY_GOAL_MIB, False, "MiB")
    return "; ".join(said)


def ratios_table(results):
    """culvertd's median by the others'; empty when there is nothing to compare."""
    references = results.references()
    if "culvertd" not in results.rows() or not references:
        return []
    lines = [["culvertd by", *references, "wanted"]]
    for figure in results.figures():
        if figure.endswith("-loss"):
            continue
        ratios = [results.ratio("culvertd", reference, figure) for reference in references]
        lines.append([FIGURES[figure].title, *(number(ratio, 2) for ratio in ratios), goals(results, figure)])
    return lines


def facts(results):
    machine, noise, options = (results.data[key] for key in ("machine", "noise", "options"))
    kind = "virtual machine" if machine["is_virtual"] else "machine"
    yield (f"{machine['date']}, {kind} with {machine['cores']} cores of {machine['cpu']}, "
           f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, {machine['iperf3']}, "
           f"Culvert {machine['culvert']}.")
    rounds = "1 round" if options["rounds"] == 1 else f"{options['rounds']} rounds in turns"
    yield (f"{rounds}, {options['seconds']} s a measurement; both ends, iperf3 and the "
           f"cable on the same cores. Figures are medians (least-greatest).")
    yield (f"Noise: load average {noise['load_before']} before the run; others took "
           f"{noise['busy_percent_median']}% of the CPU before a line went up (median; at most "
           f"{noise['busy_percent_max']}%); {noise['stolen_percent']}% was stolen by the hypervisor.")
    for engine, costs in results.data["cipher"].items():
        yield f"The cipher alone on one core, {engine}: " + ", ".join(
            f"{length} bytes sealed in {seal:.0f} ns, opened in {unseal:.0f}" for length, (seal, unseal) in costs.items()
            if length in CIPHER_LENS)
    for row in results.data["rows"]:
        yield f"{row['name']}: {row['version']}"
    for failure in results.data["failures"]:
        yield f"No figure: {failure}"


def aligned(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        yield "  ".join([line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:]))])


def plain(results):
    parts = ["\n".join(facts(results))]
    parts += ["\n".join(aligned(table)) for table in (figures_table(results), ratios_table(results)) if table]
    return "\n\n".join(parts)


def markdown_table(table):
    lines = [table[0], ["---", *("---:" for _ in table[0][1:])], *table[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown(results):
    parts = ["\n".join(f"- {fact}" for fact in facts(results))]
    parts += [markdown_table(table) for table in (figures_table(results), ratios_table(results)) if table]
    return "\n\n".join(parts)


def fill(path, results):
    """Puts the tables between the page's marks."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no lines '{BEGIN}' and '{END}'")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}")
