"""Runs `silsila replay` on a set and reads what it decided, how long that took, and how often articles moved."""
import collections
import contextlib
import json
import pathlib
import sqlite3
import subprocess
import tempfile

from sets import Failure


def run(binary, path, folder, name):
    """Replays the set at `path`; assignments are kept in `folder`, the store is not. Answers with the story of every
    article by id, replay's own report, and the moves."""
    assignments = folder / f"{name}.assignments.jsonl"
    with tempfile.TemporaryDirectory(prefix="store-", dir=folder) as store:
        command = [str(binary), "replay", str(path), "--assignments", str(assignments), "--data-dir", store]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        except OSError as error:
            raise Failure(f"{binary} cannot be run: {error}") from error
        if done.returncode != 0:
            raise Failure(f"silsila replay {path} ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
        try:
            report = json.loads(done.stdout)
            stories = read(assignments)
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"silsila replay {path} wrote what cannot be read: {error!r}") from error
        return stories, report, moves(pathlib.Path(store) / "silsila.db")


def read(assignments):
    stories = {}
    with open(assignments, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["id"] in stories:
                raise ValueError(f"article {row['id']} is assigned twice")
            stories[row["id"]] = str(row["story"])
    return stories


def moves(database):
    """How often articles changed their story, from the store's change log (table `changes`, rows `article_joined`):
    the first story is no move, every other story that follows is one. A story that is absorbed by another moves all its
    articles: `moves_by_merger` says how many moves left a story that is now merged."""
    journey = collections.defaultdict(list)
    try:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as store:
            merged = {number for (number,) in store.execute("SELECT number FROM stories WHERE merged_into IS NOT NULL")}
            placed = [name for (name,) in store.execute("SELECT id FROM articles WHERE story IS NOT NULL")]
            for name, story in store.execute(
                "SELECT articles.id, changes.story FROM changes JOIN articles ON articles.number = changes.article"
                " WHERE changes.kind = 'article_joined' ORDER BY changes.number"
            ):
                if journey[name][-1:] != [story]:
                    journey[name].append(story)
    except sqlite3.Error as error:
        raise Failure(f"the change log of {database} cannot be read: {error}") from error
    counts = {name: len(journey[name]) - 1 for name in placed if journey[name]}
    most = sorted(((name, count) for name, count in counts.items() if count), key=lambda one: (-one[1], one[0]))
    articles = max(len(placed), 1)
    return {
        "moves": sum(counts.values()),
        "moves_by_merger": sum(story in merged for stories in journey.values() for story in stories[:-1]),
        "moved": share(counts, 0, articles),
        "moved_more_than_once": share(counts, 1, articles),
        "moved_more_than_twice": share(counts, 2, articles),
        "most_moves": max(counts.values(), default=0),
        "most_moved": dict(most[:10]),
    }


def share(counts, more_than, articles):
    return round(sum(count > more_than for count in counts.values()) / articles, 4)
