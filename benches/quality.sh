#!/usr/bin/env bash
# Replays the labelled sets in DATA and prints BCubed and pairwise figures beside articles a second.
# usage: benches/quality.sh DATA   (needs DATA/../tools/score.py or SCORE=path/to/score.py, and a built target/release/silsila)
set -euo pipefail
data=${1:-}
if [ -z "$data" ] || [ ! -d "$data" ]; then
    echo "make bench wants DATA=folder with og2021, meantime, basil, ecbplus; there is no folder \"$data\"" >&2
    exit 1
fi
score=${SCORE:-$data/../tools/score.py}
silsila=${SILSILA:-target/release/silsila}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%-14s %9s %9s %9s %9s %11s\n' set articles stories bcubed pairwise articles/s
for set in "$data"/og2021/dev.jsonl "$data"/meantime/articles.jsonl "$data"/basil/articles.jsonl "$data"/ecbplus/articles.jsonl demo/articles.jsonl; do
    if [ ! -f "$set" ]; then
        echo "missing: $set" >&2
        continue
    fi
    "$silsila" replay "$set" --assignments "$work/out" >"$work/report"
    python3 "$score" "$set" "$work/out" >"$work/score"
    python3 - "$set" "$work/report" "$work/score" <<'P'
import json, pathlib, sys
path, report, score = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))["all"]
print("%-14s %9d %9d %9.4f %9.4f %11.1f" % (pathlib.Path(path).parent.name, score["articles"], score["stories"], score["bcubed"][2], score["pairwise"][2], report["articles_per_second"]))
P
done
