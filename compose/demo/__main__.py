"""`make demo`: streams a year of Ihlamur, a made-up Turkish cosmetics shop, into a running suite and shows what to look at.

Reads VEFA_KEY (a secret key) and the arguments below. Ends with 0 when all went well, 1 with words when not, 130 when interrupted."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date, datetime, timedelta, timezone

if sys.version_info < (3, 9):
    sys.exit("demo: Python 3.9 or newer is needed.")

import look
from client import DemoError, Suite
from progress import number
from scenes import Stage, play
from stream import send, wait
from year import Year


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway's address")
    parser.add_argument("--seed", default="7", help="another number, another year")
    parser.add_argument("--until", default="", help="YYYY-MM-DD, the first day after the year (default: today, UTC)")
    parser.add_argument("--print", action="store_true", help="write the events as NDJSON to standard output and send nothing")
    options = parser.parse_args()
    if not options.seed.isdigit():
        raise DemoError(f'SEED is "{options.seed}"; a whole number was expected.')
    if options.print:
        sys.stdout.buffer.writelines(Year(int(options.seed), _date(options.until) or datetime.now(timezone.utc).date()).lines())
        return 0
    key = os.environ.get("VEFA_KEY", "").strip()
    if not key:
        raise DemoError("No key. make demo KEY=sk_… with the key that `make run` printed at its first start (or export VEFA_KEY).")
    if not key.isascii() or not key.isprintable():
        raise DemoError("The key has characters that no key has; was it cut off while copying?")

    suite = Suite(options.url, key)
    suite.greet()
    now = look.suite_now(suite)
    today = now.date()
    until = _date(options.until) or today
    if until > today:
        raise DemoError(f"UNTIL is {until}, but for the suite it is {today}: the year must be over.")
    print(f"A year of Ihlamur Kozmetik, a made-up cosmetics shop: the 365 days before {until}, seed {options.seed}")
    year = Year(int(options.seed), until)
    orders = sum(event["type"] == "order.placed" for event in year.events)
    print(f"{number(len(year.people))} customers, {number(orders)} orders, {number(len(year.events))} events\n", flush=True)

    new, there = send(suite, year)
    wait(suite, year)
    if not new:
        print("\n  All of them were there already: the same seed and day make the same events, and nothing is counted twice.")
    elif there:
        print(f"\n  {number(there)} of them were there already from a run before and counted once.")
    fresh = _fresh(year, now)
    if new and fresh:
        print(
            f"\n  {fresh} orders are younger than three days: those customers get their order confirmation, as from a live shop."
            "\n  Nobody is mailed about anything older."
        )
    print("\nToday:\n", flush=True)
    stage = Stage(suite, year)
    play(stage)
    look.report(stage)
    look.commands(stage)
    return 0


def _fresh(year: Year, now: datetime) -> int:
    """How many orders are mailed: not cancelled, and not more than 72 hours behind the clock; an older event reaches no customer."""
    since = (now - timedelta(hours=72)).strftime("%Y-%m-%dT%H:%M:%SZ")
    late = [event for event in year.events if event["time"] >= since]
    placed = {event["data"]["order_id"] for event in late if event["type"] == "order.placed"}
    return len(placed - {event["data"]["order_id"] for event in late if event["type"] == "order.cancelled"})


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if day.year < 2000:
            raise ValueError("a shop of that time had no such orders")
        return day
    except ValueError:
        raise DemoError(f'UNTIL is "{text}"; a day such as 2026-11-22 was expected.') from None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ndemo: interrupted. What was sent is kept; run the same command again to send the rest.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
