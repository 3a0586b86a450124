"""Peers: what others get on the same sets.

Event Registry's own labels come with og2021 (`er_event`) and are scored here. The rest are constants from the project's
design notes, measured before the project began or published by others; nobody computes them anew. BCubed F1 unless said
otherwise.
"""
import scores

SOURCE = "the project's design notes, section 2"

# An offline graph over the whole collection at once (neighbours within 1.5 days, vectors centred by language, Leiden),
# over all languages and within each.
GRAPH = {
    "og2021": {
        "all": 0.709,
        "ar": 0.763,
        "en": 0.756,
        "es": 0.767,
        "pt": 0.777,
        "fr": 0.817,
        "ru": 0.839,
        "de": 0.744,
        "sl": 0.662,
    }
}

PUBLISHED = [
    # set, method over all languages, BCubed F1
    ("og2021", "online, nearest centroid, best threshold, vectors centred by language", 0.659),
    ("og2021", "offline graph (neighbours within 1.5 days, Leiden), vectors centred by language", GRAPH["og2021"]["all"]),
    ("og2021", "the same with a learned pair score, on a later part of the collection", 0.725),
]

TIMELINES = [
    # method, timelines, date F1, AR1-F, AR2-F
    ("DATEWISE, published, all 19 timelines", 0.544, 0.120, 0.035),
    ("CLUST, published, all 19 timelines", 0.407, 0.082, 0.020),
    ("baseline on this part of 12: dates with most articles, their first sentences", 0.589, 0.099, 0.023),
]


def event_registry(articles, ours):
    """Event Registry's labels beside ours on these articles, or None where the set has none. An article that Event
    Registry gave no label is a story of its own; `labelled` takes only the articles that have one, for both sides."""
    if not any(article.get("er_event") for article in articles):
        return None
    found = compare(articles, ours)
    labelled = [article for article in articles if article.get("er_event")]
    if len(labelled) < len(articles):
        found["labelled"] = compare(labelled, None)
    return found


def compare(articles, ours):
    """`ours` is what `scores.judge` said of these articles, if it was asked already."""
    labels = [article["label"] for article in articles]
    ours = ours or scores.judge([article["story"] for article in articles], labels)
    theirs = scores.judge([article.get("er_event") or "alone:" + article["id"] for article in articles], labels)
    return {
        "articles": len(articles),
        "ours_bcubed": ours[0]["bcubed"],
        "bcubed": theirs[0]["bcubed"],
        "bcubed_f1_95": theirs[0]["bcubed_f1_95"],
        "pairwise": theirs[0]["pairwise"],
        "our_lead_95": scores.lead(ours[1], theirs[1]),
    }
