"""Timelines: `silsila timeline` against reference timelines (Timeline17 and its kind).

The folder has articles.jsonl.gz ({"id", "title", "text", "published", "label"}) and timelines.jsonl ({"collection",
"label", "timeline", "entries": [{"date", "sentences"}]}). For each reference all articles with its label that were
published from its first to its last date are pooled; the number of dates and the mean number of sentences a date are
those of the reference, as is usual for these collections.

Date F1 is worked out here. ROUGE (alignment m:1) is the package `tilse`, which is installed once from PyPI into a virtual
environment under target/; where that is impossible, the date F1 stands alone and the reason is given.
"""
import collections
import concurrent.futures
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import venv

from sets import Failure

TILSE = "tilse==0.2.1"
# What its evaluation uses. What else it asks for (a tagger, a plotter) is half a gigabyte that nothing here calls.
WITH_TILSE = ["numpy", "scipy", "nltk", "pyrouge"]


def find(data):
    """The folder of timelines, or None."""
    folder = data / "t17"
    return folder if all((folder / name).is_file() for name in ("articles.jsonl.gz", "timelines.jsonl")) else None


def run(binary, folder, out):
    """Makes a timeline for every reference, in a folder below `out`, and answers with the figures."""
    # A folder for this run alone: two runs at once must not judge each other's timelines.
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="timelines-", dir=out) as predicted:
        return judge(binary, folder, pathlib.Path(predicted), out.parent / "tilse")


def judge(binary, folder, predicted, home):
    """The figures of the timelines that the program makes, which are written to `predicted`."""
    try:
        with gzip.open(folder / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
            topics = collections.defaultdict(list)
            for article in map(json.loads, lines):
                topics[article["label"]].append(article)
        with open(folder / "timelines.jsonl", encoding="utf-8") as lines:
            references = [json.loads(line) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{folder} cannot be read as a set of timelines: {error!r}") from error
    if not references:
        raise Failure(f"{folder / 'timelines.jsonl'} has no timeline")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = [pool.submit(predict, binary, topics[one["label"]], one, predicted) for one in references]
        dates = [job.result() for job in jobs]
    found = {
        "timelines": len(dates),
        "seconds": round(time.monotonic() - started, 1),
        "date_f1": round(sum(score for _, score in dates) / len(dates), 4),
    }
    rows = {name: {"date_f1": round(score, 4)} for name, score in dates}
    try:
        for name, (first, second) in rouge(folder / "timelines.jsonl", predicted, home).items():
            rows[name].update(ar1_f=round(first, 4), ar2_f=round(second, 4))
        for key in ("ar1_f", "ar2_f"):
            found[key] = round(sum(row[key] for row in rows.values()) / len(rows), 4)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        found["no_rouge_because"] = f"{TILSE} could not be installed or run (on Debian it wants python3-venv): {error}"
    found["each"] = rows
    return found


def predict(binary, articles, reference, out):
    """Writes one timeline, and answers with its name and date F1."""
    entries = reference["entries"]
    dates = sorted({entry["date"] for entry in entries})  # a few are given twice
    sentences = max(1, round(sum(len(entry["sentences"]) for entry in entries) / len(dates)))
    name = f"{reference['collection']}.{reference['timeline']}"
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for article in articles:
            if article["published"] and dates[0] <= article["published"][:10] <= dates[-1]:
                known = {key: value for key, value in article.items() if key != "label"}
                file.write(json.dumps(known, ensure_ascii=False) + "\n")
        file.flush()
        try:
            done = subprocess.run(
                [str(binary), "timeline", file.name, "--from", dates[0], "--to", dates[-1],
                 "--dates", str(len(dates)), "--sentences", str(sentences)],
                capture_output=True, text=True, encoding="utf-8", check=True)
            found = json.loads(done.stdout)
        except subprocess.CalledProcessError as error:
            raise Failure(f"silsila timeline failed for {name}: {error.stderr.strip()[-2000:]}") from error
        except ValueError as error:
            raise Failure(f"silsila timeline wrote no JSON for {name}: {error}") from error
    (out / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return name, date_f1({entry["date"] for entry in found}, set(dates))


def date_f1(found, wanted):
    return 2 * len(found & wanted) / (len(found) + len(wanted)) if found or wanted else 0.0


def rouge(references, predicted, home):
    """ROUGE-1 and ROUGE-2 F1 by timeline, from rouge.py in an environment that has `tilse`."""
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.is_file():
        print(f"installing {TILSE} into {home}", file=sys.stderr)
        venv.create(home, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *WITH_TILSE], check=True, stdout=sys.stderr)
        subprocess.run([*install, "--no-deps", TILSE], check=True, stdout=sys.stderr)
        ready.touch()
    script = pathlib.Path(__file__).with_name("rouge.py")
    done = subprocess.run([str(python), str(script), str(references), str(predicted)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)
