"""The file of errors: worst merged and most split stories of each set, with titles. It quotes articles of others, and so
stays out of the repository."""
import errors
from sets import ROOT, Failure

# Parts of a story that are shown.
SHOWN = 8


def check(path):
    """Refuses a place inside the repository that would be committed."""
    place = path.resolve()
    if place.is_relative_to(ROOT) and not place.is_relative_to(ROOT / "target"):
        raise Failure(f"--report {path} lies in the repository; it quotes articles of others, so give a place under "
                      f"{ROOT / 'target'} or outside")


def section(name, articles, measured):
    """One set's part, in Markdown."""
    parts = [f"# {name}", "", "## Largest stories", ""]
    parts += [f"- {one['story']}: {one['size']} articles, purity {one['purity']:.2f} ({one['label']})"
              for one in measured["largest"]]
    parts += ["", f"## Merged: our {errors.WORST} stories with the most wrong pairs", ""]
    for one in errors.worst_merged(articles):
        parts.append(f"### {one['story']}: {one['articles']} articles, {len(one['parts'])} gold stories, "
                     f"{one['pairs']} wrong pairs")
        parts += [*shown(one["parts"], "label"), ""]
    parts += [f"## Split: the {errors.WORST} gold stories in most of ours", ""]
    for one in errors.most_split(articles):
        parts.append(f"### {one['label']}: {one['articles']} articles in {len(one['parts'])} of our stories, "
                     f"{one['pairs']} missed pairs")
        parts += [*shown(one["parts"], "story"), ""]
    parts += ["## Articles that moved from story to story most", ""]
    parts += [f"- {name}: {count} moves" for name, count in measured["moves"]["most_moved"].items()]
    parts.append("")
    return "\n".join(parts)


def shown(parts, key):
    rows = [f"- {one[key]}: {one['articles']} ({' '.join(one['languages'])}) {one['title']}" for one in parts[:SHOWN]]
    if len(parts) > SHOWN:
        rows.append(f"- and {len(parts) - SHOWN} more, of {sum(one['articles'] for one in parts[SHOWN:])} articles")
    return rows
