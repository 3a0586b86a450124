"""What kinds of error a replay made, and the stories where they show most.

A gold story is split within a language when its articles in that language are in two or more of our stories, and across
languages when two of its languages share none of our stories. One of our stories is merged within a language when two of
its articles in that language have different labels, and across languages when two of its articles in different languages
have. Pairs say how much that weighs: missed pairs have one label and two stories, wrong pairs one story and two labels.
"""
import collections

from scores import pairs

WORST = 10


def groups(articles, key):
    found = collections.defaultdict(list)
    for article in articles:
        found[article[key]].append(article)
    return found


def largest(articles, count=WORST):
    """Our largest stories: their size, and their purity, the share of their commonest label."""
    stories = sorted(groups(articles, "story").items(), key=lambda one: (-len(one[1]), one[0]))
    found = []
    for story, members in stories[:count]:
        label, most = collections.Counter(member["label"] for member in members).most_common(1)[0]
        found.append({"story": story, "size": len(members), "purity": round(most / len(members), 4), "label": label})
    return found


def pieces(articles):
    """How many gold stories (of two articles or more) are in how many of ours."""
    counts = collections.Counter()
    for members in groups(articles, "label").values():
        if len(members) > 1:
            count = len({member["story"] for member in members})
            counts["10 or more" if count >= 10 else "5 to 9" if count >= 5 else str(count)] += 1
    return {name: counts[name] for name in ("1", "2", "3", "4", "5 to 9", "10 or more")}


def within(members, other):
    """Are two of them in one language, and apart by `other`?"""
    return any(len({one[other] for one in part}) > 1 for part in groups(members, "lang").values())


def kinds(articles):
    """Stories and pairs by kind of error."""
    gold = [members for members in groups(articles, "label").values() if len(members) > 1]
    ours = [members for members in groups(articles, "story").values() if len(members) > 1]
    missed, missed_within = apart(articles, "label", "story")
    wrong, wrong_within = apart(articles, "story", "label")
    return {
        "gold_stories_of_two_or_more": len(gold),
        "split_within_a_language": sum(within(members, "story") for members in gold),
        "gold_stories_in_two_languages": sum(len(groups(members, "lang")) > 1 for members in gold),
        "split_across_languages": sum(languages_that_never_meet(members) for members in gold),
        "stories_of_two_or_more": len(ours),
        "merged_within_a_language": sum(within(members, "label") for members in ours),
        "stories_in_two_languages": sum(len(groups(members, "lang")) > 1 for members in ours),
        "merged_across_languages": sum(merged_across(members) for members in ours),
        "missed_pairs_within_a_language": missed_within,
        "missed_pairs_across_languages": missed - missed_within,
        "wrong_pairs_within_a_language": wrong_within,
        "wrong_pairs_across_languages": wrong - wrong_within,
    }


def languages_that_never_meet(members):
    stories = [{one["story"] for one in part} for part in groups(members, "lang").values()]
    return any(not a & b for place, a in enumerate(stories) for b in stories[:place])


def merged_across(members):
    labels = [{one["label"] for one in part} for part in groups(members, "lang").values()]
    return len(labels) > 1 and len(set.union(*labels)) > 1


def apart(articles, same, other):
    """Pairs that agree in `same` and differ in `other`: all, and those within one language."""

    def count(*keys):
        return sum(map(pairs, collections.Counter(tuple(one[key] for key in keys) for one in articles).values()))

    return count(same) - count(same, other), count(same, "lang") - count(same, other, "lang")


def describe(members, key):
    """A group's parts by `key`, largest first: how many articles, their languages, and a headline."""
    parts = sorted(groups(members, key).items(), key=lambda one: (-len(one[1]), one[0]))
    return [
        {
            key: name,
            "articles": len(part),
            "languages": [lang for lang, _ in collections.Counter(one["lang"] for one in part).most_common()],
            "title": headline(part),
        }
        for name, part in parts
    ]


def headline(articles):
    """The first title, or the beginning of the first text."""
    for field in ("title", "text"):
        for article in articles:
            words = " ".join((article.get(field) or "").split())
            if words:
                return words if len(words) <= 110 else words[:109] + "…"
    return ""


def worst_merged(articles):
    """Our stories with the most wrong pairs."""
    return worst(articles, "story", "label", lambda one: -one["pairs"])


def most_split(articles):
    """The gold stories that lie in the most of our stories."""
    return worst(articles, "label", "story", lambda one: (-len(one["parts"]), -one["pairs"]))


def worst(articles, same, other, order):
    found = []
    for name, members in sorted(groups(articles, same).items()):
        parts = describe(members, other)
        if len(parts) > 1:
            lost = apart(members, same, other)[0]
            found.append({same: name, "articles": len(members), "pairs": lost, "parts": parts})
    return sorted(found, key=order)[:WORST]
