"""Everything that is measured of one set, as one JSON object."""
import collections

import errors
import peers
import replay
import scores
from sets import Failure

# Languages with fewer articles are not judged alone.
LEAST = 30


def measure(binary, name, path, articles, folder):
    """Replays one set and judges it. `articles` get their `story` here."""
    stories, report, moves = replay.run(binary, path, folder, name)
    missing = 0
    for article in articles:
        story = stories.pop(article["id"], None)
        missing += story is None
        article["story"] = story or "alone:" + article["id"]  # refused by the service: nobody finds it with others
    if stories:
        raise Failure(f"silsila replay {path} assigned articles that are not in it, such as {next(iter(stories))}")
    return {
        "missing": missing,
        "all": judge(name, "all", articles),
        "languages": by_language(name, articles),
        "largest": errors.largest(articles),
        "gold_stories_by_pieces": errors.pieces(articles),
        "errors": errors.kinds(articles),
        "moves": moves,
        "speed": {key: report.get(key) for key in ("articles_per_second", "seconds")},
        "replay": report,
    }


def judge(name, lang, articles):
    ours = scores.judge([article["story"] for article in articles], [article["label"] for article in articles])
    return {
        **ours[0],
        "event_registry": peers.event_registry(articles, ours),
        "graph_bcubed_f1": peers.GRAPH.get(name, {}).get(lang),
    }


def by_language(name, articles):
    """The same within each language: its articles alone, pairs inside it only. Empty for sets of one language."""
    counts = collections.Counter(article["lang"] for article in articles)
    if len(counts) < 2:
        return {}
    return {
        lang: judge(name, lang, [article for article in articles if article["lang"] == lang])
        for lang, count in counts.most_common()
        if count >= LEAST
    }
