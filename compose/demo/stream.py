"""Sends the year and waits until every service has worked through it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

from client import DemoError, Suite, path
from progress import Progress, number
from year import Year

_PIECE = 1_000
#: Seconds without any progress after which waiting is given up.
_PATIENCE = 120


def send(suite: Suite, year: Year) -> tuple[int, int]:
    """Streams the events in pieces; returns how many were new and how many were there already."""
    lines = year.lines()
    progress = Progress("sending ", len(lines))
    new = there = 0
    for start in range(0, len(lines), _PIECE):
        piece = lines[start : start + _PIECE]
        try:
            answer = suite.events(piece)
        except DemoError as error:
            progress.end()
            raise DemoError(
                f"{error} {number(start)} of {number(len(lines))} events are on disk. "
                "Run the same command again: what is there counts as a duplicate."
            ) from error
        if not answer.ok:
            progress.end()
            raise DemoError(f"The suite refused a piece of the stream after {number(start)} events: {answer.words}")
        if answer.body["rejected"]:
            progress.end()
            first = answer.body["rejected"][0]
            raise DemoError(
                f"The suite rejected {answer.body.get('rejected_count', 1)} events, the first one {first.get('id')} "
                f"({first.get('code')} at {first.get('pointer')}: {first.get('detail')}). "
                "That is a mistake in the demo or in the suite; please report it."
            )
        new, there = new + answer.body["accepted"], there + answer.body["duplicates"]
        progress.show(start + len(piece), "duplicates" if there else "")
    progress.end()
    return new, there


def status(suite: Suite, event_id: str, source: str) -> dict[str, str]:
    answer = suite.get(f"{path('events', event_id)}?source={quote(source, safe='')}")
    return answer.body["processed_by"] if answer.ok else {"gateway": "unknown"}


def wait(suite: Suite, year: Year) -> None:
    """Until the last event is done everywhere, or nothing moves any more.

    Services take events in order, so looking at every hundredth part shows how far they are."""
    events = year.events
    marks = sorted({max(len(events) * part // 100 - 1, 0) for part in range(1, 101)})
    progress = Progress("settling", len(events))
    reached, moved = 0, time.monotonic()
    while reached < len(marks):
        states = status(suite, events[marks[reached]]["id"], year.source)
        waiting = sorted(service for service, state in states.items() if state in ("waiting", "unknown"))
        odd = {service: state for service, state in states.items() if state in ("parked", "refused")}
        if odd:
            progress.end()
            raise DemoError(
                f"Event {events[marks[reached]]['id']} was not applied: {odd}. GET /v1/events/{events[marks[reached]]['id']} says why."
            )
        if not waiting:
            reached, moved = reached + 1, time.monotonic()
            progress.show(marks[reached - 1] + 1)
            continue
        if time.monotonic() - moved > _PATIENCE:
            progress.end()
            raise DemoError(
                f"For {_PATIENCE} s {' and '.join(waiting)} did not get on. All events are on disk and nothing is lost; "
                "see the suite's log, and run the same command again when it works."
            )
        progress.show(marks[reached - 1] + 1 if reached else 0, f"waiting for {', '.join(waiting)}")
        time.sleep(0.2)
    progress.end()


def tell(suite: Suite, year: Year, name: str, type: str, data: dict[str, Any]) -> str:
    """One event of today; waits until it is done everywhere. Told again, it is a duplicate and changes nothing."""
    event_id, source = f"{year.tag}-{name}", f"{year.source}/live"
    suite.need(
        "POST", "/v1/events", {"specversion": "1.0", "id": event_id, "source": source, "type": type, "data": data}, f"demo-{event_id}"
    )
    until = time.monotonic() + 30
    while "waiting" in status(suite, event_id, source).values():
        if time.monotonic() > until:
            raise DemoError(f"event {event_id} was not worked through within 30 s")
        time.sleep(0.1)
    return event_id
