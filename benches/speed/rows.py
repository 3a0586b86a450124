"""What the measurements print, read into rows: what was measured, the figure, the aim beside it, whether it is met.

A row is a dictionary: `key`, `what`, `figure` (text), `aim` (text, or None where nothing was asked for), `met` (True, False, or
None where there is no aim or no figure), `missing` (why there is no figure, or None), `values` (the numbers), `load` (the
one-minute load average before and after, or None).
"""
import re

GIB_MB = 4 * 1024


def row(key, what, figure, aim=None, met=None, **values):
    return {"key": key, "what": what, "figure": figure, "aim": aim, "met": met if aim else None, "missing": None,
            "values": values, "load": None}


def missing(key, what, aim, reason):
    return {"key": key, "what": what, "figure": None, "aim": aim, "met": None, "missing": reason, "values": {}, "load": None}


class Unreadable(Exception):
    """A measurement printed something else than expected."""


def find(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Unreadable(f"{what} did not print what was expected: …{text.strip()[-200:]}")
    return [float(group) for group in found.groups()]


def throughput(printed):
    """Rows of `--example throughput`."""
    count, alone, whole, ratio = find(r"^\s*all\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", printed, "throughput")
    return [
        row("embedder", f"embedder alone, {count:.0f} articles", f"{alone:.1f} a second", articles_s=alone),
        row("whole", "end to end, the same articles", f"{whole:.1f} a second, {100 * ratio:.0f} % of the embedder alone",
            "at least 90 %", ratio >= 0.9, articles_s=whole, ratio=ratio),
    ]


def stories(printed):
    """Rows of `--example stream`: articles a second in the first and the last tenth, and the memory at the end."""
    tenths = re.findall(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$", printed, re.MULTILINE)
    if len(tenths) < 2:
        raise Unreadable(f"stream did not print its tenths: …{printed.strip()[-200:]}")
    (_, first, first_cpu, _), (count, last, last_cpu, memory) = tenths[0], tenths[-1]
    ratio = int(last_cpu) / max(int(first_cpu), 1)
    return [row("stories", f"story stage, {int(count)} articles: first tenth, last tenth",
                f"{first} and {last} a second; {first_cpu} and {last_cpu} of processor time; {memory} MB",
                "1,000 a second, the last a third slower at most, by processor time", int(last_cpu) >= 1000 and ratio >= 2 / 3,
                first_s=int(first), last_s=int(last), ratio=round(ratio, 3), memory_mb=int(memory))]


def index(printed):
    """Rows of the index bench, a workload each: ours beside every peer. A peer that finds less is no measure."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in printed.splitlines()
             if line.startswith("|") and not line.startswith("| ---")]
    measured = {}
    for cells in lines[1:]:
        if len(cells) != 7:
            raise Unreadable(f"the index bench printed another table: {' | '.join(cells)}")
        workload, name, inserts, size = cells[:4]
        searches = [tuple(float(part) for part in cell.split(",")) for cell in cells[4:]]
        measured.setdefault(workload, []).append((name, float(inserts), size, searches))
    if not measured:
        raise Unreadable(f"the index bench printed no table: …{printed.strip()[-200:]}")
    rows = []
    for workload, finders in measured.items():
        ours, peers = finders[0], finders[1:]
        for place, window in enumerate(["all time", "1.5 days", "6 hours"]):
            recall, micros = ours[3][place]
            said = [f"{name} {searches[place][1]:.0f} µs ({searches[place][0]:.4f})" for name, _, _, searches in finders]
            fair = [searches[place][1] for _, _, _, searches in peers]
            aim = "as fast as the fastest peer that finds no more" if peers else None
            rows.append(row(f"index {workload} {window}", f"index, {workload}, {window}: a question (recall)", ", ".join(said), aim,
                            bool(peers) and recall >= max(s[3][place][0] for s in peers) and micros <= min(fair),
                            recall=recall, micros=micros, peers={name: searches[place] for name, _, _, searches in peers}))
        rows.append(row(f"index {workload} insert", f"index, {workload}: insertions (bytes a point)",
                        ", ".join(f"{name} {inserts:.0f} a second ({size})" for name, inserts, size, _ in finders),
                        inserts_s=ours[1]))
    return rows


READS_MS = 25
ALONE_MS = 300
START_S = 5


def service(said):
    """Rows of `benches/service`, from its report."""
    rows = []
    for kind, idle in said["idle"].items():
        for state, figures in [("idle", idle), ("fed", said["fed"][kind])]:
            done = "" if figures["ok"] == figures["sent"] else f"; {figures['ok']} of {figures['sent']} answered"
            rows.append(row(f"reads {kind} {state}", f"reads, {kind}, {'nothing else' if state == 'idle' else 'while it is fed'}: p50, p99",
                            f"{figures['p50']:.1f}, {figures['p99']:.1f} ms{done}", f"p99 at most {READS_MS} ms",
                            figures["p99"] <= READS_MS and not done, p50_ms=figures["p50"], p99_ms=figures["p99"]))
    beside_model = said["start_s"] - said["start_empty_s"]
    rows += [
        row("fed", "placed a second meanwhile", f"{said['fed_articles_s']:.1f}", articles_s=said["fed_articles_s"]),
        row("pages", f"list of stories, first and last fifty of {said['pages']} pages",
            f"{said['first_pages_ms']:.1f}, {said['last_pages_ms']:.1f} ms", "the last no slower",
            said["last_pages_ms"] <= 1.5 * max(said["first_pages_ms"], 1), first_ms=said["first_pages_ms"], last_ms=said["last_pages_ms"]),
        row("alone", "an article that arrives alone, to its placement", f"{said['alone_ms']:.0f} ms", f"at most {ALONE_MS} ms",
            said["alone_ms"] <= ALONE_MS, ms=said["alone_ms"]),
        row("known", "a crawl of 10,000 known articles again", f"{said['known_10000_s']:.1f} s", "seconds",
            said["known_10000_s"] <= 10, s=said["known_10000_s"]),
        row("start", "start beside the model's loading", f"{beside_model:.1f} s ({said['start_s']:.1f} in all)", f"at most {START_S} s",
            beside_model <= START_S, s=beside_model, whole_s=said["start_s"]),
        row("stop", "stop with the store", f"{said['stop_s']:.1f} s", s=said["stop_s"]),
        row("memory", "memory: empty, with the store, at most while fed",
            f"{said['memory_empty_mb']}, {said['memory_mb']}, {said['memory_fed_mb']} MB",
            empty_mb=said["memory_empty_mb"], mb=said["memory_mb"], fed_mb=said["memory_fed_mb"]),
        row("disk", "disk", f"{said['disk_bytes_an_article']} bytes an article", bytes=said["disk_bytes_an_article"]),
    ]
    return rows


def million(said):
    """The row of `benches/service --million`, from its report."""
    beside = said["most_mb"] - said["memory_empty_mb"]
    return [row("million", f"memory of the process beside the model, {said['articles']} articles in the window: after the start, after a "
                "search by meaning, at most while fed",
                ", ".join(str(said[name] - said["memory_empty_mb"]) for name in ("loaded_mb", "meaning_mb")) + f", {beside} MB",
                f"at most {GIB_MB} MB", beside <= GIB_MB, most_mb=beside, start_s=said["start_s"])]


def streams(printed):
    count, = find(r"^(\d+) streams got every change once", printed, "streams")
    open_kb, end_kb = find(r"^a stream: ([\d.]+) kB open, ([\d.]+) kB at the end", printed, "streams")
    return [row("streams", f"{count:.0f} open streams, each with every change once", f"{open_kb:.1f} kB each open, {end_kb:.1f} kB at the end",
                "bounded", True, kb=end_kb)]


def kill(printed):
    """The row of the kill test; that it passed means that nothing acknowledged was lost, and nothing is there twice."""
    kills, starting, seconds, sent, acknowledged, stored = find(
        r"(\d+) kills \((\d+) while starting\) in (\d+) s; (\d+) articles sent, (\d+) acknowledged, (\d+) stored", printed, "the kill test")
    passed = "test result: ok. 1 passed" in printed
    return [row("kill", f"killed {kills:.0f} times while written to, {starting:.0f} of them while starting",
                f"{acknowledged:.0f} articles acknowledged of {sent:.0f}, {stored:.0f} there; {seconds:.0f} s", "nothing lost", passed,
                acknowledged=acknowledged, stored=stored)]


def fuzz(printed):
    """The row of `--example fuzz`."""
    count, rate, failed = find(r"^(\d+) cases from seed \d+ in [\d.]+ s \((\d+) a second\): (\d+) failed", printed, "fuzz")
    return [row("fuzz", f"{count:.0f} broken inputs", f"{failed:.0f} failed, {rate:.0f} a second", "none fails", failed == 0, failed=failed)]
