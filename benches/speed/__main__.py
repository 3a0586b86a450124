"""Measures speed, memory and disk, one table with the aim beside each figure: `make bench-speed DATA=folder`.

DATA holds meantime/articles.jsonl (embedder, end to end), headlines2020/articles.jsonl.gz (story stage, the large store) and
og2021/dev.jsonl (what is fed). What is missing is named in its row, and so is what cannot be built here. Each group runs or
builds what it needs; `--only` picks groups:

  throughput  the embedder alone, and the whole way          stories  the story stage on a stream, first and last tenth
  index       a question beside usearch and hnsw_rs          service  reads, start, memory, disk (benches/service)

and by name only, for they take long:

  million     memory with 1,000,000 articles in the window   streams  1,000 open streams of changes
  kill        killed 50 times while written to               fuzz     10,000,000 broken inputs

`--short` takes small numbers everywhere, to see that all of it works; its figures say nothing.

  __main__.py what runs, in which order    rows.py output into rows    table.py rows into text    tests.py rows worked out by hand

Exit status: 0; 1 when a group failed or nothing could be measured. A missed aim is a figure, not a failure.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

import rows
import table

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "bench"


class Missing(Exception):
    """What a measurement needs and does not find, and what to do."""


class Failed(Exception):
    """A measurement that ended badly."""


def run(command, environment=None):
    """What a command prints; its progress goes to standard error."""
    print(f"$ {' '.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, **(environment or {})})
    if done.returncode:
        raise Failed(f"`{' '.join(command[:8])}` ended with {done.returncode}: {done.stdout.strip()[-300:]}")
    return done.stdout


def collection(data, *path):
    file = data.joinpath(*path)
    if not file.is_file():
        raise Missing(f"there is no {file}")
    return str(file)


def example(name, *arguments):
    return run(["cargo", "run", "-q", "--release", "--locked", "--example", name, "--", *map(str, arguments)])


def throughput(data, short):
    limit = 40 if short else 240
    return rows.throughput(example("throughput", collection(data, "meantime", "articles.jsonl"), "--limit", limit))


def stories(data, short):
    file = collection(data, "headlines2020", "articles.jsonl.gz")
    return rows.stories(example("stream", file, "--clock", "--synthetic", "--limit", 10_000 if short else 160_000))


def index(_, short):
    ours = ["cargo", "bench", "-q", "--locked", "--bench", "index"]
    points = ["--points", "15000" if short else "20000,100000"]
    try:
        # Built apart from measured, so that a machine without a C++ compiler is told from a broken bench.
        subprocess.run([*ours, "--features", "peers", "--no-run"], cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        measured = rows.index(run([*ours, "--", *points]))
        reason = "usearch cannot be built (it needs a C++ compiler; the lines above say what failed): no peers beside these"
        return [*measured, rows.missing("index peers", "index, beside usearch and hnsw_rs", "as fast as the fastest peer", reason)]
    return rows.index(run([*ours, "--features", "peers", "--", *points]))


def service_bench(data, report, *arguments):
    run(["cargo", "build", "-q", "--release", "--locked"])
    run([sys.executable, "-B", str(ROOT / "benches" / "service"), "--report", str(report), *map(str, arguments), str(data)])
    return json.loads(report.read_text())


def service(data, short):
    needed(data)
    arguments = ["--articles", 2_000, "--seconds", 2, "--rate", 50] if short else []
    return rows.service(service_bench(data, WORK / "service.json", *arguments))


def million(data, short):
    needed(data)
    return rows.million(service_bench(data, WORK / "million.json", "--million", *(["--articles", 3_000] if short else [])))


def needed(data):
    for path in (("headlines2020", "articles.jsonl.gz"), ("og2021", "dev.jsonl")):
        collection(data, *path)


def streams(_, short):
    run(["cargo", "build", "-q", "--release", "--locked"])
    return rows.streams(example("streams", "--streams", 50 if short else 1000))


def kill(_, short):
    return rows.kill(run(["cargo", "test", "-q", "--locked", "--test", "it", "--", "--nocapture", "kill::"],
                         {"SILSILA_KILLS": "3" if short else "50"}))


def fuzz(_, short):
    return rows.fuzz(example("fuzz", 20_000 if short else 10_000_000, 1))


# Name, what measures it, what its row says when it could not be measured, whether it is run without being named.
GROUPS = {
    "throughput": (throughput, "embedder alone, and end to end", "at least 90 %", True),
    "stories": (stories, "story stage, first and last tenth", "last at least 80 % of first", True),
    "index": (index, "index beside usearch and hnsw_rs", "as fast as the fastest peer", True),
    "service": (service, "reads, start, memory, disk", f"p99 at most {rows.READS_MS} ms, start at most {rows.START_S} s", True),
    "million": (million, "memory of the process with 1,000,000 articles", f"at most {rows.GIB_MB} MB beside the model", False),
    "streams": (streams, "open streams of changes", "bounded", False),
    "kill": (kill, "killed while written to", "nothing lost", False),
    "fuzz": (fuzz, "broken inputs", "none fails", False),
}


def arguments(given=None):
    parser = argparse.ArgumentParser(
        prog="make bench-speed DATA=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA", help="the folder with the collections")
    parser.add_argument("--only", metavar="GROUP,…", help=f"these groups alone, of {', '.join(GROUPS)}")
    parser.add_argument("--short", action="store_true", help="small numbers, to see that it works")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--report", type=pathlib.Path, default=WORK / "speed.json", help="where the JSON object is written, too")
    return parser.parse_args(given)


def chosen(only):
    if only is None:
        return [name for name, group in GROUPS.items() if group[3]]
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        sys.exit(f"bench-speed: --only {only}: the groups are {', '.join(GROUPS)}")
    return [name for name in GROUPS if name in names]


def machine():
    processor, memory = platform.machine(), 0
    try:
        named = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name")]
        processor = named[0] if named else processor
        kilobytes = pathlib.Path("/proc/meminfo").read_text().split("MemTotal:", 1)[1].split()[0]
        memory = round(int(kilobytes) / 1e6)
    except (OSError, IndexError, ValueError):
        pass  # Not Linux: what Python knows has to do.
    return {"processor": processor, "cores": os.cpu_count(), "memory_gb": memory, "system": f"{platform.system()} {platform.release()}"}


def version():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return f"silsila {done.stdout.strip() or 'of no known commit'}"


def measure(names, data, short, groups=GROUPS):
    """Rows of all groups, and the names of those that failed. One that cannot be measured does not stop the others."""
    measured, failed = [], []
    for name in names:
        work, what, aim, _ = groups[name]
        before = os.getloadavg()[0]
        try:
            found = work(data, short)
        except (Missing, Failed, rows.Unreadable, OSError, ValueError, KeyError) as error:
            found = [rows.missing(name, what, aim, str(error) or repr(error))]
            if not isinstance(error, Missing):
                failed.append(name)
        after = os.getloadavg()[0]
        for one in found:
            one["load"] = [round(before, 1), round(after, 1)]
        measured += found
    return measured, failed


def main():
    asked = arguments()
    data = pathlib.Path(asked.data)
    if not asked.data or not data.is_dir():  # the empty path would be the folder that we stand in
        sys.exit(f"bench-speed: there is no folder \"{asked.data}\"; give DATA=folder with meantime, headlines2020 and og2021")
    WORK.mkdir(parents=True, exist_ok=True)
    measured, failed = measure(chosen(asked.only), data.resolve(), asked.short)
    result = {"version": version(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
              "machine": machine(), "short": asked.short, "rows": measured, "failed": failed}
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    asked.report.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(json.dumps(result, indent=2, ensure_ascii=False) if asked.json else table.text(result))
    nothing = all(one["figure"] is None for one in measured)
    sys.exit(1 if failed or nothing else 0)


if __name__ == "__main__":
    main()
