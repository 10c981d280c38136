"""`compose/check --replicas`: a load runs while replicas are killed, stopped and added and the database is restarted. At the end no caller that
repeats has seen an error, and everything acknowledged is there, once.

For a trial of its own, not for a shop: it leaves its orders behind. Ends with 0 when all is as it must be."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Callable

import verdict as judge
from containers import Containers
from load import Caller, Failed, Load, Told, order
from processes import Processes

SERVICES = ("gateway", "loyalty", "referral", "messaging", "survey")


def main() -> int:
    parser = argparse.ArgumentParser(prog="check --replicas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-p", dest="project", default="vefa", help="the compose project")
    parser.add_argument("--seconds", type=float, default=120, help="how long the load runs")
    parser.add_argument("--callers", type=int, default=12, help="how many call at the same time")
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--stand", type=float, default=0, help="seconds that all stands still before the end, to be looked at again then")
    parser.add_argument("--processes", metavar="FOLDER", help="no containers: the executables of this folder, beside Tests/Support/with-postgres")
    options = parser.parse_args()
    suite = Processes(options.processes) if options.processes else Containers(options.project)
    try:
        return prove(suite, options)
    finally:
        if isinstance(suite, Processes):
            suite.end()


def prove(suite: Containers | Processes, options: argparse.Namespace) -> int:
    verdict = judge.Verdict()
    suite.scale(loyalty=3, messaging=2)
    caller = Caller(suite.url, suite.key, Told())
    name = f"r{int(time.time())}"
    said = judge.until("ready", 120, lambda: _readiness(caller))
    verdict.say("the suite is ready", [said] if said else [], f"{len(suite.running('loyalty'))} loyalty, {len(suite.running('messaging'))} messaging")
    customers = [f"{name}-c{number}" for number in range(options.customers)]
    for customer in customers:
        _need(caller, "PUT", f"/v1/customers/{customer}", {"email": f"{customer}@example.com"}, (200, 201))
    each = _worth(caller, name)
    limit = max(5, options.customers // 2)
    batch = _need(
        caller,
        "POST",
        "/v1/coupon_batches",
        {"code": f"{name}X".upper(), "name": name, "discount": {"type": "fixed", "amount": 100, "currency": "EUR"}, "max_redemptions": limit},
        (201,),
    )

    load = Load(suite.url, suite.key, name, customers, batch["code"], options.callers)
    began = time.monotonic()
    load.start()
    for share, what, action in _plan(suite):
        _sleep_until(began + share * options.seconds)
        _tell(began, load, what)
        action()
    _sleep_until(began + options.seconds)
    load.stop()
    ended = time.monotonic()
    told = load.told
    print(f"      {len(told.orders)} orders acknowledged in {ended - began:.0f} s", flush=True)

    judge.judge_answers(verdict, told, began, ended)
    quiet = judge.until("quiet", 300, lambda: _noise(suite, caller))
    verdict.say("all that was said has been heard everywhere", [quiet] if quiet else [], f"{time.monotonic() - ended:.0f} s after the load")
    if options.stand:
        print(f"      all stands still for {options.stand:.0f} s", flush=True)
        time.sleep(options.stand)
        noise = _noise(suite, caller)
        verdict.say("it is as quiet afterwards", [noise] if noise else [])
    judge.judge_points(verdict, caller, told, customers, each)
    judge.judge_coupon(verdict, caller, told, batch["code"], batch["id"], limit)
    if suite.keeps_mails:
        judge.judge_mails(verdict, caller, told, suite.mails())
    for service in SERVICES:
        for table in ("inbox_dead", "inbox_parked"):
            count = suite.sql(service, f"SELECT count(*) FROM {table}")
            verdict.say(f"{service}: {table} is empty", [] if count == "0" else [f"{count} events"])
    print(f"{verdict.passed} passed, {verdict.failed} failed")
    return 1 if verdict.failed else 0


def _plan(suite: Containers | Processes) -> list[tuple[float, str, Callable[[], None]]]:
    """When (as a share of the whole), what is said, what is done."""
    return [
        (0.10, "a loyalty replica is killed", lambda: suite.kill("loyalty")),
        (0.20, "it is started again, and another is added", lambda: suite.scale(loyalty=4, messaging=2)),
        (0.35, "a messaging replica is killed", lambda: suite.kill("messaging")),
        (0.45, "it is started again", lambda: suite.scale(loyalty=4, messaging=2)),
        (0.55, "the database is restarted", suite.restart_database),
        (0.70, "a loyalty replica is stopped in order", lambda: suite.stop("loyalty")),
        (0.78, "two loyalty replicas are killed at once", lambda: (suite.kill("loyalty"), suite.kill("loyalty"))[0]),
        (0.85, "all are started again", lambda: suite.scale(loyalty=4, messaging=2)),
    ]


def _readiness(caller: Caller) -> str:
    try:
        status, answer, _ = caller.once("GET", "/readyz", None, {})
        return "" if status == 200 else f"{status} {answer}"
    except OSError as error:
        caller.close()
        return str(error)


def _worth(caller: Caller, name: str) -> int:
    """The points of one order, learnt from a first one."""
    _need(caller, "POST", "/v1/events", order(f"{name}-first", f"{name}-first"), (202,))
    earned = 0

    def known() -> str:
        nonlocal earned
        status, member = caller.call("GET", f"/v1/loyalty/members/{name}-first")
        earned = member.get("lifetime_earned", 0) if status == 200 else 0
        return "" if earned else f"{status}: the first order has earned nothing"

    said = judge.until("the first order's points", 60, known)
    if said:
        raise SystemExit(said)
    return earned


def _need(caller: Caller, method: str, path: str, body: dict, good: tuple[int, ...]) -> dict:
    status, answer = caller.call(method, path, body, key=f"{method}-{path}-{body.get('code', '')}" if path != "/v1/events" else None)
    if status not in good:
        raise SystemExit(f"{method} {path}: {status} {answer}")
    return answer


def _noise(suite: Containers | Processes, caller: Caller) -> str:
    """What is still on its way; empty when nothing is."""
    try:
        for service in SERVICES:
            waiting = suite.sql(service, "SELECT count(*) FROM outbox WHERE position IS NULL")
            if waiting != "0":
                return f"{service}: {waiting} events have no number yet"
            # What the publisher knows of its subscribers; in the store, since the replica that carried may have died.
            behind = suite.sql(service, "SELECT subscriber FROM outbox_cursors WHERE position < (SELECT max(position) FROM outbox)")
            if behind:
                return f"{service}: {', '.join(behind.split())} has not heard everything"
        for state in ("queued", "sending", "deferred", "unknown"):
            status, page = caller.call("GET", f"/v1/messages?state={state}&limit=1")
            if status != 200 or page["data"]:
                return f"there are messages that are {state}"
    except Failed as failure:
        return str(failure)
    return ""


def _tell(began: float, load: Load, what: str) -> None:
    print(f"      {time.monotonic() - began:5.1f} s, {len(load.told.orders)} orders: {what}", flush=True)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


if __name__ == "__main__":
    sys.exit(main())
