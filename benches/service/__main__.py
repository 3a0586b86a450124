"""Measures the running service: `make bench-service DATA=folder`.

DATA holds headlines2020/articles.jsonl.gz (the store that is asked) and og2021/dev.jsonl (what is fed while it is asked); what
is missing is named. The store is made once by `cargo run --release --example fill` and kept in target/bench. Each kind of
request is sent by oha at a fixed rate, late ones counted from when they should have been sent; first while nothing else is
asked of the service, then while it places a full queue. docs/PERFORMANCE.md keeps what was printed.

  service.py runs the service    load.py sends requests    __main__.py what is measured, in which order

Exit status: 0, or 1 when something could not be measured.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

import load
from service import ROOT, Failure, Service

WORK = ROOT / "target" / "bench"


def arguments():
    parser = argparse.ArgumentParser(
        prog="make bench-service DATA=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA", type=pathlib.Path, help="the folder with the collections")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target" / "release" / "silsila")
    parser.add_argument("--million", action="store_true",
                        help="measure memory alone, with 1,000,000 articles in the window; the store takes 8 GB and is kept")
    parser.add_argument("--articles", type=int, help="articles in the store (160000; 1000000 with --million)")
    parser.add_argument("--rate", type=int, default=200, help="requests a second (200)")
    parser.add_argument("--seconds", type=int, default=20, help="seconds for each kind of request (20)")
    parser.add_argument("--report", type=pathlib.Path, help="where the figures are written (target/bench/service.json or million.json)")
    asked = parser.parse_args()
    asked.articles = asked.articles or (1_000_000 if asked.million else 160_000)
    asked.report = asked.report or WORK / ("million.json" if asked.million else "service.json")
    return asked


def collection(path, limit):
    """The first articles of a collection."""
    if not path.is_file():
        raise Failure(f"{path} is missing; give the folder that holds it")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for _, line in zip(range(limit), lines)]


# So many a day that a million lie within story.keep_days (60).
A_DAY = 17_000


def filled(data, articles, synthetic=False):
    """The folder with the large store, made when it is not there."""
    folder = WORK / f"{'synthetic' if synthetic else 'store'}-{articles}"
    if not folder.is_dir():
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        source = data / "headlines2020" / "articles.jsonl.gz"
        if not source.is_file():
            raise Failure(f"{source} is missing; give the folder that holds it")
        print(f"filling a store of {articles} articles (once)", file=sys.stderr)
        made = ["--synthetic", "--times", "7", "--a-day", str(A_DAY)] if synthetic else []
        subprocess.run(["cargo", "run", "-q", "--release", "--locked", "--example", "fill", "--", str(source), str(making),
                        "--limit", str(articles), *made], cwd=ROOT, check=True, stdout=sys.stderr)
        making.rename(folder)
    return folder


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def paths(service, chance):
    """Addresses to ask, by kind: stories of all sizes, the large ones too; words of real titles; places in the change log."""
    def stories(query):
        return [story for story in service.get(f"/v1/stories?per_page=100&{query}")["items"]]
    large = stories("sort_by=size&sort_direction=desc")
    recent = stories("sort_by=updated")
    old = stories("sort_by=started&sort_direction=asc")
    every = large + recent + old
    ids = [story["id"] for story in every]
    words = [word for story in every for word in story["title"].split() if len(word) > 4 and word.isalpha()]
    newest = service.get("/v1/changes?per_page=1&cursor=0")
    total = service.get("/v1/stories?per_page=1")
    assert newest["items"] and total["items"]
    last = last_change(service)
    from urllib.parse import quote
    return {
        "stories": ["/v1/stories", "/v1/stories?sort_by=size", "/v1/stories?sort_by=importance&lang=en",
                    "/v1/stories?state=active&min_sources=3", "/v1/stories?sort_by=velocity&per_page=50"],
        "story": [f"/v1/stories/{id}" for id in ids],
        "timeline": [f"/v1/stories/{id}/timeline" for id in ids],
        "search": [f"/v1/search?q={quote(word)}" for word in chance.sample(words, min(200, len(words)))],
        "changes": [f"/v1/changes?cursor={chance.randrange(last)}" for _ in range(200)],
    }


def last_change(service):
    """The number of the newest change, found by halving."""
    low, high = 0, 1 << 40
    while high - low > 1:
        middle = (low + high) // 2
        status, answer = service.ask("GET", f"/v1/changes?per_page=1&cursor={middle}")
        # A number that no change has yet is refused.
        if status == 200 and answer["items"]:
            low = middle
        else:
            high = middle
    return max(low, 1)


def walk(service, query):
    """Milliseconds of the first and the last fifty pages of a list (medians), and how many pages there are."""
    times, cursor = [], None
    while True:
        path = f"/v1/stories?per_page=100&{query}" + (f"&cursor={cursor}" if cursor else "")
        started = time.perf_counter()
        page = service.get(path)
        times.append(1000 * (time.perf_counter() - started))
        cursor = page["next_cursor"]
        if not cursor:
            break
    return statistics.median(times[:50]), statistics.median(times[-50:]), len(times)


def alone(service, articles):
    """Milliseconds from sending one article to its placement, each sent when the service is idle."""
    times = []
    for article in articles:
        time.sleep(0.1)
        started = time.perf_counter()
        status, answer = service.ask("POST", "/v1/articles?wait=placed", article)
        times.append(1000 * (time.perf_counter() - started))
        if status != 200:
            raise Failure(f"an article was answered with {status}: {answer}")
    return times


def again(service, articles):
    """Seconds that a crawl of known articles takes."""
    started = time.perf_counter()
    for start in range(0, len(articles), 500):
        status, answer = service.ask("POST", "/v1/articles", articles[start:start + 500])
        if status not in (200, 202):
            raise Failure(f"known articles were answered with {status}: {answer}")
    return time.perf_counter() - started


def fields(article):
    return {key: article[key] for key in ("id", "title", "text", "published", "lang", "source") if article.get(key)}


def million(asked, log):
    """Memory of the whole process with very many articles in the window."""
    feed = [fields(article) for article in collection(asked.data / "og2021" / "dev.jsonl", 3_000)]
    store = filled(asked.data, asked.articles, synthetic=True)
    rows = {"articles": asked.articles, "load_before": os.getloadavg()[0], "disk_bytes_an_article": size(store) // asked.articles}
    empty = WORK / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    with Service(asked.binary, empty, log) as service:
        # The model's own memory grows with the first texts that it reads; it is the model's.
        for start in range(0, len(feed), 500):
            service.ask("POST", "/v1/articles?wait=placed", feed[start:start + 500])
        service.get("/v1/search?mode=meaning&q=the+flood+in+the+north")
        rows["memory_empty_mb"] = service.memory()[1]
        service.close()
    own = WORK / "own"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(store, own)
    with Service(asked.binary, own, log) as service:
        rows["start_s"], rows["loaded_mb"] = service.seconds, service.memory()[0]
        service.get("/v1/search?mode=meaning&q=the+flood+in+the+north")
        rows["meaning_mb"] = service.memory()[0]
        for start in range(0, len(feed), 500):
            status, answer = service.ask("POST", "/v1/articles", feed[start:start + 500])
            if status != 202:
                raise Failure(f"the feed was answered with {status}: {answer}")
        started, queued = time.monotonic(), service.queued()
        while service.queued():
            service.get("/v1/search?mode=meaning&q=the+flood+in+the+north")
            service.get("/v1/stories?sort_by=size&per_page=100")
            time.sleep(1)
        rows["fed_articles_s"] = queued / max(time.monotonic() - started, 1e-3)
        rows["fed_mb"], rows["most_mb"] = service.memory()
        rows["stop_s"] = service.close()
    shutil.rmtree(own, ignore_errors=True)
    rows["load_after"] = os.getloadavg()[0]
    return rows


def show_million(rows):
    empty = rows["memory_empty_mb"]
    print(f"{rows['articles']} articles in the window; 1-minute load average {rows['load_before']:.1f} before the run")
    print(f"memory of the model and an empty store: {empty} MB; beside it {rows['loaded_mb'] - empty} MB after the start, "
          f"{rows['meaning_mb'] - empty} after a search by meaning, {rows['fed_mb'] - empty} fed, {rows['most_mb'] - empty} at most")
    print(f"start {rows['start_s']:.1f} s; {rows['fed_articles_s']:.1f} placed a second; stop {rows['stop_s']:.1f} s; "
          f"disk {rows['disk_bytes_an_article']} bytes an article")


def main():
    asked = arguments()
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / "service.log"
    log.unlink(missing_ok=True)
    if asked.million:
        rows = million(asked, log)
        asked.report.write_text(json.dumps(rows, indent=2) + "\n")
        show_million(rows)
        return
    chance = random.Random(7)
    rows = {"load_before": os.getloadavg()[0], "rate": asked.rate}
    store = filled(asked.data, asked.articles)
    count = asked.articles
    feed = [fields(article) for article in collection(asked.data / "og2021" / "dev.jsonl", 20_000)]
    rows["disk_bytes_an_article"] = size(store) // count

    empty = WORK / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    with Service(asked.binary, empty, log) as service:
        rows["start_empty_s"], rows["memory_empty_mb"] = service.seconds, service.memory()[0]
        service.close()
    own = WORK / "own"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(store, own)
    # The first start writes what a later one reads.
    with Service(asked.binary, own, log) as service:
        rows["start_first_s"] = service.seconds
        rows["stop_s"] = service.close()
    with Service(asked.binary, own, log) as service:
        rows["start_s"] = service.seconds
        rows["memory_mb"] = service.memory()[0]
        by_kind = paths(service, chance)
        rows["first_pages_ms"], rows["last_pages_ms"], rows["pages"] = walk(service, "sort_by=updated")
        rows["idle"] = load.all_kinds(service, by_kind, asked.rate, asked.seconds, WORK)
        lonely = alone(service, feed[:30])
        rows["alone_ms"] = statistics.median(lonely)
        rest = feed[30:]
        for start in range(0, len(rest), 500):
            status, answer = service.ask("POST", "/v1/articles", rest[start:start + 500])
            if status != 202:
                raise Failure(f"the feed was answered with {status}: {answer}")
        queued, started = service.queued(), time.monotonic()
        rows["fed"] = load.all_kinds(service, by_kind, asked.rate, asked.seconds, WORK)
        left = service.queued()
        rows["fed_queue"] = [queued, left]
        rows["fed_articles_s"] = (queued - left) / (time.monotonic() - started)
        rows["memory_fed_mb"] = service.memory()[1]
        while service.queued():
            time.sleep(1)
        known = [feed[number % len(feed)] for number in range(10_000)]
        rows["known_10000_s"] = again(service, known)
        rows["stop_loaded_s"] = service.close()
    rows["load_after"] = os.getloadavg()[0]
    asked.report.write_text(json.dumps(rows, indent=2) + "\n")
    show(rows, count)


def show(rows, count):
    print(f"{count} articles, {rows['rate']} requests a second; 1-minute load average {rows['load_before']:.1f} before the run")
    print(f"{'kind':<10} {'idle p50':>9} {'p99 ms':>8} {'fed p50':>9} {'p99 ms':>8}  done of sent (idle, fed)")
    for kind, idle in rows["idle"].items():
        fed = rows["fed"][kind]
        print(f"{kind:<10} {idle['p50']:>9.1f} {idle['p99']:>8.1f} {fed['p50']:>9.1f} {fed['p99']:>8.1f}"
              f"  {idle['ok']}/{idle['sent']}, {fed['ok']}/{fed['sent']}")
    queued, left = rows["fed_queue"]
    print(f"queue while fed: {queued} at the beginning, {left} at the end, {rows['fed_articles_s']:.1f} placed a second")
    print(f"list of stories, medians: first fifty pages {rows['first_pages_ms']:.1f} ms, "
          f"last fifty {rows['last_pages_ms']:.1f} ms, of {rows['pages']}")
    print(f"an article that arrives alone is placed in {rows['alone_ms']:.0f} ms (median of 30)")
    print(f"10,000 known articles: {rows['known_10000_s']:.1f} s")
    print(f"start: {rows['start_empty_s']:.1f} s empty, {rows['start_first_s']:.1f} s the first time, {rows['start_s']:.1f} s after a stop;"
          f" stop {rows['stop_s']:.1f} s")
    print(f"memory: {rows['memory_empty_mb']} MB empty, {rows['memory_mb']} MB with the store, {rows['memory_fed_mb']} MB at most")
    print(f"disk: {rows['disk_bytes_an_article']} bytes an article")


if __name__ == "__main__":
    try:
        main()
    except (Failure, load.Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench-service: {error}")
