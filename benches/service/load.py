"""Requests at a fixed rate, sent by oha (https://github.com/hatoo/oha), which is built once into target/bench."""
import json
import subprocess
import sys

from service import ROOT, Failure

VERSION = "1.16.0"
TOOLS = ROOT / "target" / "bench" / "tools"


def oha():
    """The program, built when it is not there."""
    program = TOOLS / "bin" / "oha"
    if not program.is_file():
        subprocess.run(["cargo", "install", "-q", "--locked", "--root", str(TOOLS), "--version", VERSION, "oha"], check=True)
    return program


def all_kinds(service, by_kind, rate, seconds, folder):
    measured = {}
    for kind, paths in by_kind.items():
        measured[kind] = one_kind(service, paths, rate, seconds, folder)
        print(kind, {key: round(value, 1) for key, value in measured[kind].items()}, file=sys.stderr)
    return measured


def one_kind(service, paths, rate, seconds, folder):
    """Milliseconds at the median and the 99th percentile; late requests count from when they were due."""
    addresses = folder / "addresses.txt"
    addresses.write_text("".join(f"http://{service.address}{path}\n" for path in paths))
    done = subprocess.run(
        [str(oha()), "--no-tui", "--output-format", "json", "-z", f"{seconds}s", "-w", "-q", str(rate), "--latency-correction",
         "-c", "32", "--urls-from-file", str(addresses)],
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"oha failed: {done.stderr.strip()[-400:]}")
    said = json.loads(done.stdout)
    codes = said["statusCodeDistribution"]
    sent = sum(codes.values()) + sum(said["errorDistribution"].values())
    percentiles = said["latencyPercentiles"]
    return {"p50": 1000 * percentiles["p50"], "p99": 1000 * percentiles["p99"],
            "ok": codes.get("200", 0), "sent": sent, "rate": said["summary"]["requestsPerSec"]}
