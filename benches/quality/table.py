"""The figures as text for people: one table of sets, then what explains it."""
import measure
import peers
import scores


def text(result):
    """All of it. `result` is what `--json` prints."""
    sets = result["sets"]
    parts = [head(result)]
    if sets:
        parts += [overall(sets), errors(sets), moves(sets), speed(sets)]
        parts += [languages(name, one) for name, one in sets.items() if one["languages"]]
        parts += [registry(name, one) for name, one in sets.items() if one["all"]["event_registry"]]
        parts += [published(name) for name in sets if any(row[0] == name for row in peers.PUBLISHED)]
    if result["timelines"]:
        parts.append(timelines(result["timelines"]))
    for name, reason in result["missing"].items():
        parts.append(f"MISSING {name}: {reason}")
    for name, reason in result["failed"].items():
        parts.append(f"FAILED {name}: {reason}")
    if sets:
        parts.append(f"Worst merged and most split stories, with titles: {result['report']}")
    return "\n\n".join(parts)


def head(result):
    models = {str(one["replay"].get("model")): one["replay"].get("model") or {} for one in result["sets"].values()}
    said = "; ".join(f"{m.get('name')} {m.get('graph')}, {m.get('tokens')} tokens" for m in models.values())
    return f"{result['version']}{', ' if said else ''}{said}. Brackets: 95 % by {scores.RESAMPLES} draws of gold stories."


def lines(header, rows):
    """Columns aligned: the first to the left, the others to the right."""
    rows = [list(header), *rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(header))]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(zip(row, widths)))
        for row in rows
    )


def share(value):
    return "-" if value is None else f"{value:.3f}"


def three(values):
    return " ".join(map(share, values))


def span(values, sign=""):
    return "[" + " ".join(f"{value:{sign}.3f}" for value in values) + "]"


def percent(value):
    return f"{100 * value:.1f} %"


def overall(sets):
    header = ["set", "articles", "gold", "stories", "BCubed P R F1", "95 %", "pairwise P R F1", "95 %", "largest (purity)"]
    rows = []
    for name, one in sets.items():
        found, top = one["all"], one["largest"][:3]
        rows.append([
            name, str(found["articles"]), str(found["gold_stories"]), str(found["stories"]),
            three(found["bcubed"]), span(found["bcubed_f1_95"]), three(found["pairwise"]), span(found["pairwise_f1_95"]),
            ", ".join(f"{story['size']} ({story['purity']:.2f})" for story in top),
        ])
    notes = [f"{name}: {one['missing']} articles were refused and count as stories of their own"
             for name, one in sets.items() if one["missing"]]
    return "\n".join([lines(header, rows), *notes])


def errors(sets):
    header = ["errors", "split within", "split across", "merged within", "merged across", "missed pairs in/across",
              "wrong pairs in/across", "gold stories in 1 2 3 4 5-9 10+ of ours"]
    rows = []
    for name, one in sets.items():
        kinds = one["errors"]
        rows.append([
            name,
            f"{kinds['split_within_a_language']} of {kinds['gold_stories_of_two_or_more']}",
            f"{kinds['split_across_languages']} of {kinds['gold_stories_in_two_languages']}",
            f"{kinds['merged_within_a_language']} of {kinds['stories_of_two_or_more']}",
            f"{kinds['merged_across_languages']} of {kinds['stories_in_two_languages']}",
            f"{kinds['missed_pairs_within_a_language']}/{kinds['missed_pairs_across_languages']}",
            f"{kinds['wrong_pairs_within_a_language']}/{kinds['wrong_pairs_across_languages']}",
            " ".join(map(str, one["gold_stories_by_pieces"].values())),
        ])
    return lines(header, rows)


def moves(sets):
    header = ["moves", "articles that moved", "more than once", "more than twice", "most", "moves", "by mergers"]
    rows = []
    for name, one in sets.items():
        moved = one["moves"]
        rows.append([
            name, *(percent(moved[key]) for key in ("moved", "moved_more_than_once", "moved_more_than_twice")),
            *(str(moved[key]) for key in ("most_moves", "moves", "moves_by_merger")),
        ])
    return lines(header, rows)


def speed(sets):
    stages = list(dict.fromkeys(stage for one in sets.values() for stage in one["speed"]["seconds"] or {}))
    rows = [
        [name, f"{one['speed']['articles_per_second'] or 0:.1f}",
         *(f"{(one['speed']['seconds'] or {}).get(stage, 0):.2f}" for stage in stages)]
        for name, one in sets.items()
    ]
    return lines(["seconds", "articles/s", *stages], rows)


def languages(name, one):
    header = [name, "articles", "gold", "stories", "BCubed P R F1", "95 %", "pairwise P R F1", "Event Registry F1",
              "our lead, 95 %", "graph F1"]
    rows = []
    for lang, found in [("all", one["all"]), *one["languages"].items()]:
        theirs = found["event_registry"]
        rows.append([
            lang, str(found["articles"]), str(found["gold_stories"]), str(found["stories"]), three(found["bcubed"]),
            span(found["bcubed_f1_95"]), three(found["pairwise"]) if found["gold_stories"] < found["articles"] else "-",
            share(theirs["bcubed"][2]) if theirs else "-", span(theirs["our_lead_95"], "+") if theirs else "-",
            share(found["graph_bcubed_f1"]),
        ])
    if not one["all"]["event_registry"]:
        header, rows = header[:7], [row[:7] for row in rows]
    notes = [f"Within each language: its articles alone; languages of fewer than {measure.LEAST} articles are left out."]
    if one["all"]["event_registry"]:
        notes.append(
            "Event Registry: an article without a label of theirs is a story of its own. Nearly all its events hold one language,\n"
            f"so \"all\" asks of it what it does not offer. graph: offline, the whole collection at once ({peers.SOURCE}).")
    return "\n".join([lines(header, rows), *notes])


def registry(name, one):
    """The comparison on the articles that have a label of Event Registry's."""
    rows = []
    for lang, found in [("all", one["all"]), *one["languages"].items()]:
        labelled = found["event_registry"] and found["event_registry"].get("labelled")
        if labelled:
            rows.append([lang, str(labelled["articles"]), three(labelled["ours_bcubed"]), three(labelled["bcubed"]),
                         span(labelled["our_lead_95"], "+")])
    header = [f"{name}, labelled", "articles", "ours BCubed P R F1", "Event Registry P R F1", "our lead, 95 %"]
    note = "Only the articles to which Event Registry gave a label, for both; the others are left out of the figures."
    return lines(header, rows) + "\n" + note


def published(name):
    rows = [[method, share(value)] for which, method, value in peers.PUBLISHED if which == name]
    return lines([f"{name}, all languages, peers ({peers.SOURCE})", "BCubed F1"], rows)


def timelines(found):
    rows = [[f"silsila, {found['timelines']} timelines", share(found["date_f1"]), share(found.get("ar1_f")),
             share(found.get("ar2_f")), f"{found['seconds']:.1f}"]]
    rows += [[method, *map(share, values), ""] for method, *values in peers.TIMELINES]
    note = [f"No ROUGE: {found['no_rouge_because']}"] if "no_rouge_because" in found else []
    note.append(f"Peers: {peers.SOURCE}.")
    return "\n".join([lines(["timelines (t17)", "date F1", "AR1-F", "AR2-F", "seconds"], rows), *note])
