"""Figures worked out by hand, and the ends of the program: `python3 benches/quality/tests.py`."""
import contextlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import errors
import peers
import replay
import report
import scores
import sets
import timelines

HERE = pathlib.Path(__file__).resolve().parent


def collection(rows):
    """Articles of (label, language, story)."""
    return [
        {"id": f"a{number}", "label": label, "lang": lang, "story": story, "title": f"{label} in {lang}", "text": ""}
        for number, (label, lang, story) in enumerate(rows)
    ]


# Gold: A has three articles, B two, C one. A lies in 1 and 2, where it meets B.
MIXED = collection([("A", "en", "1"), ("A", "ar", "1"), ("A", "en", "2"), ("B", "en", "2"), ("B", "ar", "2"), ("C", "ar", "3")])


class Scores(unittest.TestCase):
    def judge(self, stories, labels):
        return scores.judge(list(stories), list(labels))[0]

    def test_figures_worked_out_by_hand(self):
        # Precision by article: 1, 1, 1/3, 2/3, 2/3, 1. Recall: 2/3, 2/3, 1/3, 1, 1, 1. Both add up to 14/3 of 6.
        # Pairs: stories claim 1 + 3, labels 3 + 1, and both say 1 (A in 1) + 1 (B in 2).
        found = self.judge("112223", "AAABBC")
        self.assertEqual(found["bcubed"], [0.7778, 0.7778, 0.7778])
        self.assertEqual(found["pairwise"], [0.5, 0.5, 0.5])
        self.assertEqual((found["articles"], found["stories"], found["gold_stories"]), (6, 3, 3))

    def test_everything_in_one_story(self):
        # Precision 1/2, 1/2, 1/4, 1/4: 3/8, and recall 1: F1 6/11. One pair of six is right.
        found = self.judge("1111", "AABC")
        self.assertEqual(found["bcubed"], [0.375, 1.0, 0.5455])
        self.assertEqual(found["pairwise"], [0.1667, 1.0, 0.2857])

    def test_every_article_alone(self):
        found = self.judge("1234", "AABC")
        self.assertEqual(found["bcubed"], [1.0, 0.75, 0.8571])
        self.assertEqual(found["pairwise"], [0.0, 0.0, 0.0])

    def test_draws_take_gold_stories_as_a_whole(self):
        # A alone gives 1, B alone (torn in two) precision 1 and recall 1/2, both together recall 3/4.
        drawn = scores.resampled(scores.shares(list("1123"), list("AABB")))
        self.assertEqual({round(draw.bcubed[2], 4) for draw in drawn}, {1.0, 0.6667, 0.8571})
        self.assertEqual(drawn, scores.resampled(scores.shares(list("1123"), list("AABB"))))

    def test_interval_holds_the_middle_of_the_values(self):
        self.assertEqual(scores.interval([value / 1000 for value in range(1001)]), (0.025, 0.975))
        self.assertEqual(self.judge("1122", "AABB")["bcubed_f1_95"], [1.0, 1.0])

    def test_lead_is_over_the_same_draws(self):
        _, torn = scores.judge(list("1223"), list("AABB"))
        _, whole = scores.judge(list("1122"), list("AABB"))
        self.assertEqual(scores.lead(torn, torn), [0.0, 0.0])
        self.assertLess(scores.lead(torn, whole)[0], 0)


class Errors(unittest.TestCase):
    def test_kinds_worked_out_by_hand(self):
        found = errors.kinds(MIXED)
        # A is apart in English; A's English and Arabic meet in 1. Story 2 holds A and B, in English and across.
        self.assertEqual((found["gold_stories_of_two_or_more"], found["split_within_a_language"]), (2, 1))
        self.assertEqual((found["gold_stories_in_two_languages"], found["split_across_languages"]), (2, 0))
        self.assertEqual((found["stories_of_two_or_more"], found["merged_within_a_language"]), (2, 1))
        self.assertEqual((found["stories_in_two_languages"], found["merged_across_languages"]), (2, 1))
        # A misses its English pair and one across; story 2 claims A with B in English and A with B's Arabic article.
        self.assertEqual((found["missed_pairs_within_a_language"], found["missed_pairs_across_languages"]), (1, 1))
        self.assertEqual((found["wrong_pairs_within_a_language"], found["wrong_pairs_across_languages"]), (1, 1))

    def test_languages_that_never_meet_are_split_across(self):
        apart = collection([("A", "en", "1"), ("A", "en", "1"), ("A", "ar", "2"), ("A", "ar", "2")])
        found = errors.kinds(apart)
        self.assertEqual((found["split_within_a_language"], found["split_across_languages"]), (0, 1))

    def test_one_language_is_never_merged_across(self):
        found = errors.kinds(collection([("A", "en", "1"), ("A", "en", "1"), ("B", "en", "1")]))
        self.assertEqual((found["merged_within_a_language"], found["merged_across_languages"]), (1, 0))
        self.assertEqual((found["missed_pairs_within_a_language"], found["wrong_pairs_within_a_language"]), (0, 2))

    def test_sizes_purity_and_pieces(self):
        self.assertEqual(errors.largest(MIXED)[0], {"story": "2", "size": 3, "purity": 0.6667, "label": "B"})
        self.assertEqual(errors.pieces(MIXED), {"1": 1, "2": 1, "3": 0, "4": 0, "5 to 9": 0, "10 or more": 0})

    def test_worst_stories_come_with_titles(self):
        (merged,), (split,) = errors.worst_merged(MIXED), errors.most_split(MIXED)
        self.assertEqual((merged["story"], merged["pairs"], [part["label"] for part in merged["parts"]]), ("2", 2, ["B", "A"]))
        self.assertEqual((split["label"], split["pairs"], [part["story"] for part in split["parts"]]), ("A", 2, ["1", "2"]))
        self.assertEqual(split["parts"][1]["title"], "A in en")


class Peers(unittest.TestCase):
    def test_articles_without_their_label_stand_alone_or_are_left_out(self):
        articles = [dict(one, er_event=event) for one, event in zip(MIXED, ["x", "x", "x", "y", None, None])]
        found = peers.event_registry(articles, None)
        # All six: A whole, B torn: precision 1, recall 5/6. The four labelled: right.
        self.assertEqual((found["articles"], found["bcubed"]), (6, [1.0, 0.8333, 0.9091]))
        self.assertEqual((found["labelled"]["articles"], found["labelled"]["bcubed"]), (4, [1.0, 1.0, 1.0]))
        self.assertIsNone(peers.event_registry(MIXED, None))


class Moves(unittest.TestCase):
    def test_moves_are_counted_from_the_change_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "silsila.db"
            with contextlib.closing(sqlite3.connect(path)) as store:
                store.executescript("""
                    CREATE TABLE stories (number INTEGER PRIMARY KEY, merged_into INTEGER);
                    CREATE TABLE articles (number INTEGER PRIMARY KEY, id TEXT, story INTEGER);
                    CREATE TABLE changes (number INTEGER PRIMARY KEY, kind TEXT, story INTEGER, article INTEGER);
                    INSERT INTO stories VALUES (1, NULL), (2, 1), (3, NULL);
                    INSERT INTO articles VALUES (1, 'stays', 1), (2, 'moves', 1), (3, 'wanders', 3), (4, 'revised', 3);
                    INSERT INTO changes (kind, story, article) VALUES
                        ('story_created', 1, NULL), ('article_joined', 1, 1), ('article_joined', 2, 2),
                        ('article_left', 2, 2), ('article_joined', 1, 2), ('merged', 2, NULL),
                        ('article_joined', 1, 3), ('article_joined', 3, 3), ('article_joined', 1, 3),
                        ('article_joined', 3, 3), ('article_joined', 3, 4), ('article_joined', 3, 4);
                """)
            found = replay.moves(path)
        self.assertEqual((found["moves"], found["moves_by_merger"], found["most_moves"]), (4, 1, 3))
        self.assertEqual((found["moved"], found["moved_more_than_once"], found["moved_more_than_twice"]), (0.5, 0.25, 0.25))
        self.assertEqual(found["most_moved"], {"wanders": 3, "moves": 1})

    def test_a_store_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(sets.Failure, "/nowhere/silsila.db"):
            replay.moves(pathlib.Path("/nowhere/silsila.db"))


class Ends(unittest.TestCase):
    def run_with(self, *arguments):
        return subprocess.run([sys.executable, "-B", str(HERE), *arguments], capture_output=True, text=True, encoding="utf-8")

    def test_a_missing_folder_or_program_ends_with_status_1_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, said in [
                (["", "--binary", sys.executable], 'no folder ""'),
                ([f"{folder}/data", "--binary", sys.executable], f'no folder "{folder}/data"'),
                ([folder, "--binary", f"{folder}/silsila"], f"no program {folder}/silsila"),
                ([folder, "--binary", sys.executable, "--only", "og2022"], "--only og2022: the sets are og2021"),
                ([folder, "--binary", sys.executable, "--report", str(HERE / "report.md")], "lies in the repository"),
            ]:
                done = self.run_with(*arguments)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(said, done.stderr)

    def test_a_set_that_is_missing_is_named_and_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.run_with(folder, "--binary", sys.executable, "--only", "basil", "--report", f"{folder}/report.md")
            self.assertEqual(done.returncode, 1, "nothing was measured")
            self.assertIn(f"MISSING basil: there is no {os.path.join(folder, 'basil', 'articles.jsonl')}", done.stdout)

    def test_reports_stay_out_of_the_repository(self):
        report.check(sets.ROOT / "target" / "quality" / "report.md")
        with self.assertRaises(sets.Failure):
            report.check(sets.ROOT / "docs" / "report.md")

    def test_other_labelled_sets_are_found_and_broken_ones_named(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for kind, line in [("mine", '{"id": "a", "label": 1}\n{"id": "a", "label": 1}\n'), ("unlabelled", '{"id": "a"}\n')]:
                (folder / kind).mkdir()
                (folder / kind / "articles.jsonl").write_text(line, encoding="utf-8")
            found = sets.find(folder)
            self.assertEqual(found["mine"], folder / "mine" / "articles.jsonl")
            self.assertNotIn("unlabelled", found)
            self.assertIsNone(found["og2021"])
            with self.assertRaisesRegex(sets.Failure, "line 2: the id a is there twice"):
                sets.read(found["mine"])

    def test_date_f1(self):
        self.assertEqual(timelines.date_f1({"2023-09-19", "2023-09-20"}, {"2023-09-20"}), 2 / 3)
        self.assertEqual(timelines.date_f1(set(), set()), 0.0)


if __name__ == "__main__":
    unittest.main()
