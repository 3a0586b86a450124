"""ROUGE of timelines, by the package `tilse`; timelines.py runs this in an environment that has it.

usage: rouge.py REFERENCES.jsonl PREDICTED_DIR
Prints {"<collection>.<timeline>": [ROUGE-1 F1, ROUGE-2 F1]}, alignment m:1: every date may be aligned to the date of the
least cost in content and distance (Martschat and Markert 2018).
"""
import datetime
import json
import pathlib
import sys

from tilse.data.timelines import GroundTruth, Timeline
from tilse.evaluation.rouge import TimelineRougeEvaluator


def timeline(entries):
    """A timeline as `tilse` has it; white space separates tokens."""
    return Timeline({
        datetime.date.fromisoformat(entry["date"]): [" ".join(sentence.split()) for sentence in entry["sentences"]]
        for entry in entries if entry["sentences"]
    })


def main():
    references, predicted = map(pathlib.Path, sys.argv[1:])
    evaluator = TimelineRougeEvaluator(measures=["rouge_1", "rouge_2"], rouge_computation="reimpl")
    found = {}
    with open(references, encoding="utf-8") as lines:
        for reference in map(json.loads, filter(str.strip, lines)):
            name = f"{reference['collection']}.{reference['timeline']}"
            ours = json.loads((predicted / f"{name}.json").read_text(encoding="utf-8"))
            if not ours:
                found[name] = [0.0, 0.0]
                continue
            result = evaluator.evaluate_align_date_content_costs_many_to_one(
                timeline(ours), GroundTruth([timeline(reference["entries"])]))
            found[name] = [result["rouge_1"]["f_score"], result["rouge_2"]["f_score"]]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
