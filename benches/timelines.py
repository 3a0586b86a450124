#!/usr/bin/env python3
"""Writes `silsila timeline` for every reference timeline of a collection, to be scored.

usage: timelines.py DATA OUT [--silsila PROGRAM] [--jobs N]
  DATA  a folder with articles.jsonl.gz ({"id", "title", "text", "published", "label"}) and timelines.jsonl
        ({"collection", "label", "timeline", "entries": [{"date", "sentences"}]}), such as Timeline17
  OUT   gets <collection>.<timeline>.json for each reference: [{"date", "sentences"}]
For each reference all articles with its label that were published from its first to its last date are pooled; the number of
dates and the mean number of sentences a date are those of the reference, as is usual for these collections. Prints date F1.
"""
import argparse
import collections
import concurrent.futures
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile


def predict(program, articles, reference, out):
    """Writes one timeline and answers with its date F1."""
    entries = reference["entries"]
    dates = sorted({entry["date"] for entry in entries})  # a few are given twice
    sentences = max(1, round(sum(len(entry["sentences"]) for entry in entries) / len(dates)))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for article in articles:
            if article["published"] and dates[0] <= article["published"][:10] <= dates[-1]:
                known = {key: value for key, value in article.items() if key != "label"}
                file.write(json.dumps(known, ensure_ascii=False) + "\n")
        file.flush()
        done = subprocess.run(
            [program, "timeline", file.name, "--from", dates[0], "--to", dates[-1],
             "--dates", str(len(dates)), "--sentences", str(sentences)],
            stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    name = f"{reference['collection']}.{reference['timeline']}"
    (out / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    common = {entry["date"] for entry in found} & set(dates)
    return name, 2 * len(common) / (len(found) + len(dates))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--silsila", default="target/release/silsila")
    parser.add_argument("--jobs", type=int, default=4)
    arguments = parser.parse_args()
    texts, references = arguments.data / "articles.jsonl.gz", arguments.data / "timelines.jsonl"
    for needed in (texts, references):
        if not needed.is_file():
            sys.exit(f"{needed} is missing; give the folder that has articles.jsonl.gz and timelines.jsonl "
                     "(Timeline17 is not ours to pass on: see docs/TIMELINE.md)")
    topics = collections.defaultdict(list)
    with gzip.open(texts, "rt", encoding="utf-8") as lines:
        for article in map(json.loads, lines):
            topics[article["label"]].append(article)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(references, encoding="utf-8") as lines, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        jobs = [pool.submit(predict, arguments.silsila, topics[reference["label"]], reference, arguments.out)
                for reference in map(json.loads, lines)]
        scores = [job.result() for job in jobs]
    for name, score in scores:
        print(f"{name:60} {score:.4f}")
    print(json.dumps({"timelines": len(scores), "date_f1": round(sum(score for _, score in scores) / len(scores), 4)}))


if __name__ == "__main__":
    main()
