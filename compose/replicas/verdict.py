"""What must be true of a suite when all is over: everything that was acknowledged is there, once."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Callable, Iterator
from urllib.parse import quote

from load import Caller, Told


class Verdict:
    """One line for each thing that must be."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def say(self, what: str, faults: list[str] | None = None, note: str = "") -> None:
        if not faults:
            self.passed += 1
            print(f"ok    {what}{f' ({note})' if note else ''}", flush=True)
            return
        self.failed += 1
        print(f"FAIL  {what}: {len(faults)}", flush=True)
        for fault in faults[:5]:
            print(f"        {fault}", flush=True)


def pages(caller: Caller, path: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        mark = "&" if "?" in path else "?"
        status, page = caller.call("GET", f"{path}{mark}limit=100" + (f"&cursor={quote(cursor)}" if cursor else ""))
        if status != 200:
            raise SystemExit(f"{path}: {status} {page}")
        yield from page["data"]
        cursor = page["next_cursor"]
        if not cursor:
            return


def until(what: str, seconds: float, holds: Callable[[], str]) -> str:
    """Waits until `holds` has nothing to say against it; answers the last that it said."""
    deadline = time.monotonic() + seconds
    said = ""
    while time.monotonic() < deadline:
        said = holds()
        if not said:
            return ""
        time.sleep(1)
    return said


def judge_points(verdict: Verdict, caller: Caller, told: Told, customers: list[str], each: int) -> None:
    """Each order's points once, each adjustment once, nothing that nobody asked for, and balances that are the sum of it."""
    lost, twice, strange, unbalanced = [], [], [], []
    for customer in customers:
        orders = {name for name, of in told.orders.items() if of == customer}
        adjustments = {name: points for name, (of, points) in told.adjustments.items() if of == customer}
        earned: Counter[str] = Counter()
        adjusted: Counter[str] = Counter()
        total = 0
        for row in pages(caller, f"/v1/loyalty/members/{quote(customer)}/transactions"):
            total += row["points"]
            if row["kind"] == "earned" and row["order_id"]:
                earned[row["order_id"]] += 1
                if row["points"] != each:
                    strange.append(f"order {row['order_id']} earned {row['points']}, not {each}")
            elif row["kind"] == "adjusted":
                adjusted[row["reason"]] += 1
                if adjustments.get(row["reason"], row["points"]) != row["points"]:
                    strange.append(f"adjustment {row['reason']} is {row['points']}")
            else:
                strange.append(f"{customer}: {row['kind']} of {row['points']}")
        for names, found, kind in ((orders, earned, "order"), (set(adjustments), adjusted, "adjustment")):
            lost += [f"{kind} {name}" for name in names if not found[name]]
            twice += [f"{kind} {name}: {count} times" for name, count in found.items() if count > 1]
            strange += [f"{kind} {name} was never acknowledged" for name in found if name not in names]
        balance = caller.call("GET", f"/v1/loyalty/members/{quote(customer)}")[1]
        if balance["balance"] + balance["pending"] != total:
            unbalanced.append(f"{customer}: {balance['balance']} + {balance['pending']} pending, and the entries are {total}")
    verdict.say("every acknowledged order and adjustment has its points", lost, f"{len(told.orders)} orders, {len(told.adjustments)} adjustments")
    verdict.say("none has them twice", twice)
    verdict.say("there are no other points", strange)
    verdict.say("every balance is the sum of its entries", unbalanced)
    status, ledger = caller.call("GET", "/v1/loyalty/ledger/verify")
    sound = status == 200 and ledger["balanced"]
    verdict.say("the ledger's chains hold", [] if sound else [str(ledger)], f"{ledger.get('entries')} entries")


def judge_coupon(verdict: Verdict, caller: Caller, told: Told, code: str, batch: str, limit: int) -> None:
    used = caller.call("GET", f"/v1/coupon_batches/{batch}")[1]["redemptions"]
    asked = len(told.redeemed) + len(told.exhausted)
    right = min(limit, asked)
    fault = [] if len(told.redeemed) == used == right else [f"{len(told.redeemed)} acknowledged, {used} counted, {right} would be right"]
    verdict.say(f"a coupon for {limit} orders was used by as many", fault, f"{asked} tried")


def judge_mails(verdict: Verdict, caller: Caller, told: Told, kept: list[str]) -> None:
    """`kept` are the Message-IDs of all mails that left."""
    mails: dict[str, list[dict[str, Any]]] = {}
    for row in pages(caller, "/v1/messages"):
        if row["order_id"] in told.orders:
            mails.setdefault(row["order_id"], []).append(row)
    verdict.say("every acknowledged order has its mail", [name for name in told.orders if name not in mails])
    verdict.say("none has two", [f"{name}: {len(rows)}" for name, rows in mails.items() if len(rows) > 1])
    every = [row for rows in mails.values() for row in rows]
    verdict.say("all of them were sent", [f"{row['id']} is {row['state']}" for row in every if row["state"] != "sent"])
    again = sum(row["attempts"] > 1 for row in every)
    ids = {row["message_id_header"].strip("<>") for row in every}
    outside = Counter(identifier for identifier in kept if identifier in ids)
    verdict.say("each left", [identifier for identifier in ids if not outside[identifier]], f"{again} by a second attempt, under the same Message-ID")
    copies = sum(outside.values()) - len(outside)
    verdict.say("and nobody has it twice under two names", [] if len(outside) == len(ids) else ["see above"], f"{copies} delivered again")


def judge_answers(verdict: Verdict, told: Told, began: float, ended: float) -> None:
    verdict.say("no caller that repeats has seen an error", told.errors, f"{len(told.took)} calls answered")
    took = sorted(told.took)
    moments = [began, *sorted(told.moments), ended]
    gap = max((later - earlier for earlier, later in zip(moments, moments[1:])), default=0.0)
    if took:
        print(
            f"      a call took {took[len(took) // 2] * 1000:.0f} ms in the middle, {took[int(len(took) * 0.99)] * 1000:.0f} ms at the 99th of 100, "
            f"{took[-1]:.1f} s at most, its repeats included; the longest silence was {gap:.1f} s"
        )
    print(f"      repeated because of: {', '.join(f'{reason} {count}' for reason, count in told.repeats.most_common()) or 'nothing'}", flush=True)
