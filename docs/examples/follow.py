#!/usr/bin/env python3
"""Follows Silsila's change log, and goes on where it was after a crash, of either side.

usage: follow.py SERVER STATE [--once]

Prints a line for every change. STATE is a file with the cursor of what was printed last: it is written after the line, so that a
change can be printed twice after a crash, and is never left out. --once stops at the end of the log instead of waiting for more.
Standard library only. SILSILA_TOKEN where tokens are asked for.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

WAIT = 2  # seconds between two looks when there is nothing new
MOST = 60  # seconds between two tries when the service is away


def ask(address):
    """One page; waits as long as the service is away or asks for patience."""
    wait = 1
    while True:
        request = urllib.request.Request(address)
        if token := os.environ.get("SILSILA_TOKEN"):
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"follow.py: {address}: {error.code} {error.read().decode(errors='replace')}")
            wait = int(error.headers.get("Retry-After") or wait)
        except (OSError, ValueError):
            pass  # away, or cut off in the middle
        time.sleep(min(wait, MOST))
        wait *= 2


def remembered(state):
    """The cursor of the last run; 0, the beginning of the log, without one."""
    try:
        with open(state, encoding="utf-8") as file:
            return file.read().strip() or "0"
    except FileNotFoundError:
        return "0"


def remember(state, cursor):
    """Whole or not at all, whatever happens in between."""
    with open(f"{state}.new", "w", encoding="utf-8") as file:
        file.write(cursor)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{state}.new", state)


def told(change):
    """What is done with a change; here it is printed."""
    article = change["article_id"] or "-"
    print(change["number"], change["at"], change["kind"], change["story_id"], article, sep="\t", flush=True)


def main():
    server, state, once = sys.argv[1].rstrip("/"), sys.argv[2], "--once" in sys.argv[3:]
    cursor = remembered(state)
    while True:
        page = ask(f"{server}/v1/changes?per_page=100&cursor={urllib.parse.quote(cursor)}")
        for change in page["items"]:
            told(change)
        if page["items"]:
            cursor = str(page["items"][-1]["number"])
            remember(state, cursor)
        elif once:
            return
        else:
            time.sleep(WAIT)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
