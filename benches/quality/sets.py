"""The labelled sets: where they are, and their articles."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = "demonstration"
DEMONSTRATION = ROOT / "demo" / "articles.jsonl"
KNOWN = {
    "og2021": "og2021/dev.jsonl",
    "meantime": "meantime/articles.jsonl",
    "basil": "basil/articles.jsonl",
    "ecbplus": "ecbplus/articles.jsonl",
}


class Failure(Exception):
    """What went wrong, where, and what to do, for people."""


def find(data):
    """Paths by name: the known sets, the demonstration, and any other folder with a labelled articles.jsonl. Those that
    are not there have None."""
    paths = {name: data / path for name, path in KNOWN.items()}
    paths[OURS] = DEMONSTRATION
    for path in sorted(data.glob("*/articles.jsonl")):
        if path not in paths.values() and labelled(path):
            paths[path.parent.name] = path
    return {name: path if path.is_file() else None for name, path in paths.items()}


def labelled(path):
    with open(path, encoding="utf-8") as lines:
        try:
            return "label" in json.loads(lines.readline())
        except (ValueError, TypeError):
            return False


def read(path):
    """The articles: dictionaries with id, lang, label and the rest."""
    articles, seen = [], set()
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                article = json.loads(line)
                name = article["id"]
                article["label"] = str(article["label"])
            except (ValueError, TypeError, KeyError) as error:
                wanted = "a JSON object with id and label is wanted"
                raise Failure(f"{path}, line {number}: {wanted} ({error!r})") from error
            if name in seen:
                raise Failure(f"{path}, line {number}: the id {name} is there twice")
            seen.add(name)
            article["lang"] = article.get("lang") or "und"
            articles.append(article)
    if not articles:
        raise Failure(f"{path} has no article")
    return articles
