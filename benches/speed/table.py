"""Rows as text for people."""


def text(result):
    """All of it. `result` is what `--json` prints."""
    machine = result["machine"]
    head = (f"{result['version']}; {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}; "
            f"{result['date']}. `load` is the one-minute load average before and after: above 1 before, something else ran.")
    header = ["what", "figure", "aim", "", "load"]
    rows = [[one["what"], one["figure"] or f"not measured: {one['missing']}", one["aim"] or "", verdict(one), load(one)]
            for one in result["rows"]]
    return "\n".join([head, "", *lines([header, *rows])])


def verdict(one):
    return {True: "met", False: "MISSED", None: ""}[one["met"]]


def load(one):
    return "" if one["load"] is None else " to ".join(f"{value:.1f}" for value in one["load"])


def lines(rows):
    """Columns aligned to the left."""
    widths = [max(len(cells[place]) for cells in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in rows]
