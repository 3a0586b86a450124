"""BCubed and pairwise figures of stories against gold stories, and how far chance could move them.

BCubed (Bagga and Baldwin 1998): an article's precision is the share of its story that has its gold label, its recall the
share of its gold story that is in its story; both are averaged over articles. Pairwise: of the pairs of articles in one
story, how many have one label (precision); of the pairs with one label, how many are in one story (recall).

Confidence: articles of one gold story stand or fall together, so whole gold stories are drawn anew, with replacement,
RESAMPLES times from a fixed seed. What each gold story adds to the figures is worked out once, from the whole
collection, and only added up again for each draw. Two methods scored on the same articles see the same draws, so that
their difference has an interval of its own.
"""
import collections
import operator
import random
from typing import NamedTuple

RESAMPLES = 1000
SEED = 20211107


class Share(NamedTuple):
    """What one gold story adds: sums over its articles, and pairs."""

    articles: int
    precision: float
    recall: float
    hit: int  # pairs of its articles that are in one story
    claimed: float  # pairs that stories claim: each article has half of its own
    true: int  # pairs of its articles


class Figures(NamedTuple):
    """Precision, recall and F1, by articles (BCubed) and by pairs."""

    bcubed: tuple
    pairwise: tuple


def pairs(count):
    return count * (count - 1) // 2


def f1(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def shares(stories, labels):
    """The share of every gold story, in order of first appearance; two lists in the same order of articles."""
    both = collections.Counter(zip(labels, stories))
    of_story, of_label = collections.Counter(stories), collections.Counter(labels)
    rows = {label: Share(count, 0.0, 0.0, 0, 0.0, pairs(count)) for label, count in of_label.items()}
    for (label, story), count in both.items():
        row = rows[label]
        rows[label] = row._replace(
            precision=row.precision + count * count / of_story[story],
            recall=row.recall + count * count / of_label[label],
            hit=row.hit + pairs(count),
            claimed=row.claimed + count * (of_story[story] - 1) / 2,
        )
    return list(rows.values())


def figures(share):
    """The figures of summed shares."""
    precision, recall = share.precision / max(share.articles, 1), share.recall / max(share.articles, 1)
    pair_precision, pair_recall = share.hit / max(share.claimed, 1), share.hit / max(share.true, 1)
    return Figures(
        (precision, recall, f1(precision, recall)), (pair_precision, pair_recall, f1(pair_precision, pair_recall))
    )


def total(rows):
    return Share(*map(sum, zip(*rows))) if rows else Share(0, 0.0, 0.0, 0, 0.0, 0)


def resampled(rows, resamples=RESAMPLES):
    """The figures of every draw of gold stories; always the same draws for the same number of stories."""
    if len(rows) < 2:
        return [figures(total(rows))] * resamples
    dice = random.Random(SEED)
    columns = list(zip(*rows))
    drawn = []
    for _ in range(resamples):
        pick = operator.itemgetter(*dice.choices(range(len(rows)), k=len(rows)))
        drawn.append(figures(Share(*(sum(pick(column)) for column in columns))))
    return drawn


def interval(values):
    """The middle 95 % of the values."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[round(0.025 * last)], ordered[round(0.975 * last)]


def rounded(values):
    return [round(value, 4) for value in values]


def judge(stories, labels):
    """Everything that is said about one way to put articles into stories, as JSON would have it; and its draws."""
    rows = shares(stories, labels)
    found, drawn = figures(total(rows)), resampled(rows)
    judged = {
        "articles": len(labels),
        "stories": len(set(stories)),
        "gold_stories": len(rows),
        "bcubed": rounded(found.bcubed),
        "bcubed_f1_95": rounded(interval([draw.bcubed[2] for draw in drawn])),
        "pairwise": rounded(found.pairwise),
        "pairwise_f1_95": rounded(interval([draw.pairwise[2] for draw in drawn])),
    }
    return judged, drawn


def lead(ours, theirs):
    """Our BCubed F1 less theirs, over the same draws: the interval of the difference."""
    return rounded(interval([a.bcubed[2] - b.bcubed[2] for a, b in zip(ours, theirs)]))
