"""Measures story quality, speed and timelines on labelled sets: `make bench-quality DATA=folder`.

DATA holds the sets: og2021/dev.jsonl, meantime, basil and ecbplus (articles.jsonl each), t17 for timelines, and any
other folder with an articles.jsonl whose articles have a `label`. What is not there is named and left out. The project's
own demonstration is always measured. docs/QUALITY.md says how to read the table.

  scores.py BCubed, pairwise, confidence    sets.py where the sets are        replay.py runs the program
  errors.py kinds of error                  peers.py what others get          measure.py all of one set
  timelines.py, rouge.py timelines          table.py, report.py the output    tests.py figures worked out by hand

Exit status: 0, or 1 when nothing could be measured or a set failed.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

import measure
import report
import scores
import sets
import table
import timelines
from sets import ROOT, Failure

T17 = "t17"


def arguments():
    parser = argparse.ArgumentParser(
        prog="make bench-quality DATA=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA", help="the folder with the labelled sets")
    parser.add_argument("--binary", type=pathlib.Path, metavar="PATH", help="the program to measure (or SILSILA=PATH)",
                        default=pathlib.Path(os.environ.get("SILSILA") or ROOT / "target" / "release" / "silsila"))
    parser.add_argument("--only", metavar="SET,…", help=f"these sets alone, such as og2021,basil,{T17}")
    parser.add_argument("--no-timelines", action="store_true", help=f"leave {T17} out")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE", help="where the worst stories are written",
                        default=ROOT / "target" / "quality" / "report.md")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def version(binary):
    """What the program says it is; refuses what cannot be run."""
    if not binary.is_file():
        raise Failure(f"there is no program {binary}: `make build`, or give one with --binary PATH or SILSILA=PATH")
    try:
        done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise Failure(f"{binary} cannot be run: {error}") from error
    return done.stdout.strip()


def chosen(asked, data):
    """The sets to measure by name, with their paths; and those that are not there."""
    found = sets.find(data)
    found[T17] = timelines.find(data)
    if asked.only is not None:
        names = [name.strip() for name in asked.only.split(",") if name.strip()]
        unknown = [name for name in names if name not in found]
        if unknown or not names:
            raise Failure(f"--only {asked.only}: the sets are {', '.join(found)}")
        found = {name: path for name, path in found.items() if name in names}
    if asked.no_timelines:
        found.pop(T17, None)
    wanted = {**sets.KNOWN, sets.OURS: sets.DEMONSTRATION, T17: f"{T17}/articles.jsonl.gz with {T17}/timelines.jsonl"}
    missing = {name: f"there is no {data / wanted[name]}" for name, path in found.items() if path is None}
    return {name: path for name, path in found.items() if path is not None}, missing


def run(asked):
    data = pathlib.Path(asked.data)
    if not asked.data or not data.is_dir():  # the empty path would be the folder that we stand in
        raise Failure(f"there is no folder \"{asked.data}\"; give DATA=folder with {', '.join([*sets.KNOWN, T17])}")
    report.check(asked.report)
    binary = asked.binary.absolute()
    result = {"version": version(binary), "resamples": scores.RESAMPLES, "seed": scores.SEED,
              "sets": {}, "timelines": None, "failed": {}, "report": str(asked.report)}
    paths, result["missing"] = chosen(asked, data)
    for name, reason in result["missing"].items():
        print(f"missing: {name}: {reason}", file=sys.stderr)
    folder = ROOT / "target" / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    sections = []
    for name, path in paths.items():
        print(f"{name} …", file=sys.stderr)
        try:
            if name == T17:
                result["timelines"] = timelines.run(binary, path, folder)
                continue
            articles = sets.read(path)
            result["sets"][name] = measure.measure(binary, name, path, articles, folder)
            sections.append(report.section(name, articles, result["sets"][name]))
        except (Failure, OSError, UnicodeError) as error:
            print(f"failed: {name}: {error}", file=sys.stderr)
            result["failed"][name] = str(error)
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    asked.report.write_text("\n".join(sections), encoding="utf-8")
    return result


def main():
    asked = arguments()
    try:
        result = run(asked)
    except (Failure, OSError) as error:
        sys.exit(f"make bench-quality: {error}")
    print(json.dumps(result, indent=1, ensure_ascii=False) if asked.json else table.text(result))
    sys.exit(1 if result["failed"] or not (result["sets"] or result["timelines"]) else 0)


if __name__ == "__main__":
    main()
