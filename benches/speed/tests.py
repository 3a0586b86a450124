"""Rows worked out by hand, and the ends of the program: `python3 benches/speed/tests.py`."""
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import rows
import table

HERE = pathlib.Path(__file__).resolve().parent
SPEC = importlib.util.spec_from_file_location("speed_main", HERE / "__main__.py")
MAIN = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MAIN)

THROUGHPUT = """ round  articles     embedder/s   end to end/s   ratio
     1        60           36.1           39.0   1.080
   all       240           40.0           35.0   0.875
"""
STREAM = """ articles     a second of processor MB in memory
    10000          826         1000          283
    20000          863          900          562
    30000          760          778         2836
30000 articles, 29000 with a text of their own, 787 a second
"""
INDEX = """Settings {}, k = 10

| vectors | index | insert/s | bytes a point | all: recall, µs | 1.5 days | 6 hours |
| --- | --- | ---: | ---: | --- | --- | --- |
| like news, 20000 | silsila::index | 100000 | 1969 | 1.0000, 900 | 1.0000, 500 | 1.0000, 190 |
| like news, 20000 | usearch | 2220 | 3363 | 0.9984, 455 | 0.9978, 881 | 0.9986, 1195 |
"""
READS = {"p50": 0.3, "p99": 24.9, "ok": 400, "sent": 400, "rate": 200.0}
SERVICE = {
    "idle": {"search": READS}, "fed": {"search": {**READS, "p99": 25.1}}, "fed_articles_s": 80.0, "pages": 462,
    "first_pages_ms": 2.4, "last_pages_ms": 2.2, "alone_ms": 35.2, "known_10000_s": 0.12, "start_s": 6.0, "start_empty_s": 1.6,
    "stop_s": 0.4, "memory_empty_mb": 718, "memory_mb": 1463, "memory_fed_mb": 1611, "disk_bytes_an_article": 5690,
}
MILLION = {"articles": 1_000_000, "memory_empty_mb": 700, "loaded_mb": 4000, "meaning_mb": 4500, "most_mb": 4797, "start_s": 20.0}
KILL = """
seed 3: 50 kills (12 while starting) in 155 s; 3746 articles sent, 3740 acknowledged, 3746 stored; 1 corrections asked for
test result: ok. 1 passed; 0 failed; 0 ignored
"""
FUZZ = "2000000 cases from seed 5 in 140.3 s (14250 a second): 0 failed, 0 took longer than 200ms\n"
STREAMS = """1000 streams, 100 articles in 9.1 s, 147 changes
a stream: 16.2 kB open, 17.1 kB at the end
1000 streams got every change once and in order
"""


class Rows(unittest.TestCase):
    def by_key(self, found):
        return {one["key"]: one for one in found}

    def test_less_than_ninety_percent_of_the_embedder_misses(self):
        alone, whole = rows.throughput(THROUGHPUT)
        self.assertEqual(alone["values"], {"articles_s": 40.0})
        self.assertEqual((whole["figure"], whole["met"]), ("35.0 a second, 88 % of the embedder alone", False))
        self.assertTrue(rows.throughput(THROUGHPUT.replace("0.875", "0.900"))[1]["met"])

    def test_the_last_tenth_is_held_against_the_first(self):
        one, = rows.stories(STREAM)
        self.assertEqual((one["values"]["first_s"], one["values"]["last_s"], one["values"]["memory_mb"]), (826, 760, 2836))
        self.assertEqual((one["values"]["ratio"], one["met"]), (0.778, False))
        for last, met in [(1000, True), (930, False)]:
            printed = STREAM.replace(" 1000 ", " 1400 ").replace(" 778 ", f" {last} ")
            self.assertEqual(rows.stories(printed)[0]["met"], met, last)

    def test_a_peer_counts_where_it_is_faster_and_is_named_where_not(self):
        found = self.by_key(rows.index(INDEX))
        far, near = found["index like news, 20000 all time"], found["index like news, 20000 6 hours"]
        self.assertEqual((far["met"], near["met"]), (False, True))
        self.assertEqual(near["figure"], "silsila::index 190 µs (1.0000), usearch 1195 µs (0.9986)")
        # Faster than a peer that finds more is no comparison.
        more = rows.index(INDEX.replace("1.0000, 190", "0.9900, 190"))
        self.assertFalse(self.by_key(more)["index like news, 20000 6 hours"]["met"])
        alone = self.by_key(rows.index("\n".join(INDEX.splitlines()[:-1])))
        self.assertEqual((alone["index like news, 20000 6 hours"]["aim"], alone["index like news, 20000 6 hours"]["met"]), (None, None))

    def test_reads_are_met_to_the_millisecond_and_only_when_all_are_answered(self):
        found = self.by_key(rows.service(SERVICE))
        self.assertEqual((found["reads search idle"]["met"], found["reads search fed"]["met"]), (True, False))
        lost = {**SERVICE, "idle": {"search": {**READS, "ok": 399}}}
        one = self.by_key(rows.service(lost))["reads search idle"]
        self.assertEqual((one["met"], one["figure"]), (False, "0.3, 24.9 ms; 399 of 400 answered"))
        self.assertEqual((found["start"]["values"]["s"], found["start"]["met"]), (4.4, True))
        self.assertIsNone(found["disk"]["met"])

    def test_memory_is_counted_beside_the_model(self):
        one, = rows.million(MILLION)
        self.assertEqual((one["values"]["most_mb"], one["met"]), (4097, False))
        self.assertTrue(rows.million({**MILLION, "most_mb": 4796})[0]["met"])
        self.assertIn("3300, 3800, 4097 MB", one["figure"])

    def test_the_slow_ones(self):
        kill, = rows.kill(KILL)
        self.assertEqual((kill["figure"], kill["met"]), ("3740 articles acknowledged of 3746, 3746 there; 155 s", True))
        self.assertFalse(rows.kill(KILL.replace("ok. 1 passed", "FAILED. 0 passed"))[0]["met"])
        fuzz, = rows.fuzz(FUZZ)
        self.assertEqual((fuzz["figure"], fuzz["met"]), ("0 failed, 14250 a second", True))
        streams, = rows.streams(STREAMS)
        self.assertEqual(streams["figure"], "16.2 kB each open, 17.1 kB at the end")

    def test_what_is_printed_otherwise_is_not_taken_for_a_figure(self):
        for read in (rows.throughput, rows.stories, rows.index, rows.kill, rows.fuzz, rows.streams):
            with self.assertRaises(rows.Unreadable):
                read("the disk is full\n")


class Assembly(unittest.TestCase):
    def test_what_cannot_be_measured_stands_in_its_row_and_the_others_go_on(self):
        def gone(*_):
            raise MAIN.Missing("there is no /data/meantime/articles.jsonl")

        def broken(*_):
            raise MAIN.Failed("`cargo run` ended with 101: no")

        groups = {"gone": (gone, "embedder", "at least 90 %", True), "broken": (broken, "stories", None, True),
                  "well": (lambda *_: rows.service(SERVICE), "service", None, True)}
        measured, failed = MAIN.measure(list(groups), pathlib.Path("/data"), False, groups)
        self.assertEqual(failed, ["broken"])
        self.assertEqual([one["missing"] for one in measured[:3]],
                         ["there is no /data/meantime/articles.jsonl", "`cargo run` ended with 101: no", None])
        self.assertTrue(all(len(one["load"]) == 2 for one in measured))
        result = {"version": "silsila 1", "date": "2026-11-25", "rows": measured,
                  "machine": {"processor": "P", "cores": 2, "memory_gb": 24, "system": "Linux"}}
        lines = table.text(result).splitlines()
        self.assertIn("P, 2 cores, 24 GB", lines[0])
        self.assertIn("not measured: there is no /data/meantime/articles.jsonl", lines[3])
        search = [line for line in lines if line.startswith("reads, search")]
        self.assertTrue(" met" in search[0] and "MISSED" in search[1], search)
        json.dumps(result)

    def test_groups_are_picked_in_their_own_order_and_the_long_ones_by_name_alone(self):
        self.assertEqual(MAIN.chosen(None), ["throughput", "stories", "index", "service"])
        self.assertEqual(MAIN.chosen("fuzz, stories"), ["stories", "fuzz"])
        with self.assertRaises(SystemExit) as refused:
            MAIN.chosen("speed")
        self.assertIn("the groups are throughput", str(refused.exception))


class Program(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([sys.executable, "-B", str(HERE), *arguments], capture_output=True, text=True, check=False)

    def test_a_missing_folder_is_said(self):
        for data in ("", "/no/such/folder"):
            done = self.run_it(data)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'there is no folder "{data}"; give DATA=folder', done.stderr)

    def test_a_folder_without_the_collections_measures_nothing_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            done = self.run_it("--only", "throughput,stories", "--report", str(report), folder)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"not measured: there is no {pathlib.Path(folder).resolve()}/meantime/articles.jsonl", done.stdout)
            self.assertEqual(len(json.loads(report.read_text())["rows"]), 2)


if __name__ == "__main__":
    unittest.main()
