"""A shop's traffic from several callers at once, each of which repeats what was cut off or turned away, and remembers what it was told."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlsplit

#: What every order is worth, in cents: each earns the same points.
SUBTOTAL = 4990
#: How long a caller goes on repeating one call. Past it, that call has failed for good.
PATIENCE = 60.0
#: How long a caller waits for one answer.
TIMEOUT = 20.0


class Failed(Exception):
    """A call that a repeating caller cannot get through, or an answer that makes no sense."""


class Caller:
    """One connection, kept open. Repeats a call as it was: the same event id, the same Idempotency-Key."""

    def __init__(self, url: str, key: str, told: Told) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._key, self._told = key, told
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else json.dumps(body).encode()
        began = time.monotonic()
        pause = 0.05
        while True:
            reason, wait = "", 0.0
            try:
                status, parsed, wait = self.once(method, path, content, headers)
                if status == 409 and isinstance(parsed, dict) and parsed.get("code") == "idempotency_in_flight":
                    reason = "409 idempotency_in_flight"
                elif status in (429, 502, 503, 504):
                    reason = str(status)
                    if status != 502 and not wait:
                        self._told.note(f"{status} without Retry-After")
                else:
                    self._told.answered(time.monotonic() - began)
                    return status, parsed
            except (OSError, http.client.HTTPException) as error:
                self.close()
                reason = type(error).__name__
            self._told.note(reason)
            if time.monotonic() - began > PATIENCE:
                raise Failed(f"{method} {path} did not get through in {PATIENCE:.0f} s; the last time: {reason}")
            time.sleep(max(wait, pause) * random.uniform(0.8, 1.2))
            pause = min(pause * 2, 2.0)

    def once(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> tuple[int, Any, float]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        self._connection.request(method, path, body=content, headers=headers)
        response = self._connection.getresponse()
        raw = response.read()
        wait = response.getheader("Retry-After", "")
        try:
            parsed = json.loads(raw) if raw else None
        except ValueError:
            parsed = raw.decode(errors="replace")
        return response.status, parsed, float(wait) if wait.isdigit() else 0.0

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


@dataclass
class Told:
    """What all callers were told."""

    #: order -> its customer
    orders: dict[str, str] = field(default_factory=dict)
    #: Idempotency-Key -> (customer, points)
    adjustments: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: orders that used the coupon, and orders that were told it is used up
    redeemed: set[str] = field(default_factory=set)
    exhausted: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    #: why calls were repeated
    repeats: Counter[str] = field(default_factory=Counter)
    #: seconds from a call's first attempt to its answer
    took: list[float] = field(default_factory=list)
    #: when answers came, by the machine's uptime
    moments: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, reason: str) -> None:
        with self.lock:
            self.repeats[reason] += 1

    def answered(self, seconds: float) -> None:
        with self.lock:
            self.took.append(seconds)
            self.moments.append(time.monotonic())


class Load:
    """`threads` callers for `customers` customers, until stopped. `coupon` is used by everybody and good for fewer of them."""

    def __init__(self, url: str, key: str, name: str, customers: list[str], coupon: str, threads: int) -> None:
        self.told = Told()
        self._name, self._customers, self._coupon = name, customers, coupon
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(Caller(url, key, self.told), number), daemon=True) for number in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE + TIMEOUT + 10)
            if thread.is_alive():
                self.told.errors.append("a caller never came back")

    def _run(self, caller: Caller, number: int) -> None:
        chance = random.Random(f"{self._name}-{number}")
        count = 0
        while not self._stop.is_set():
            count += 1
            name = f"{self._name}-{number}-{count}"
            customer = chance.choice(self._customers)
            turn = chance.random()
            try:
                if turn < 0.7:
                    self._order(caller, name, customer)
                elif turn < 0.82:
                    self._adjust(caller, name, customer, chance.randint(1, 9))
                elif turn < 0.9:
                    self._redeem(caller, name, customer)
                else:
                    self._look(caller, customer)
            except Failed as failure:
                self.told.errors.append(str(failure))
        caller.close()

    def _order(self, caller: Caller, name: str, customer: str) -> None:
        status, answer = caller.call("POST", "/v1/events", order(name, customer))
        # A repeat whose first attempt was heard is a duplicate: taken all the same.
        if status != 202 or answer.get("accepted", 0) + answer.get("duplicates", 0) != 1:
            raise Failed(f"order {name}: {status} {answer}")
        self.told.orders[name] = customer

    def _adjust(self, caller: Caller, name: str, customer: str, points: int) -> None:
        status, answer = caller.call(
            "POST", f"/v1/loyalty/members/{quote(customer)}/adjustments", {"points": points, "reason": name}, key=name
        )
        if status != 201 or answer.get("points") != points:
            raise Failed(f"adjustment {name}: {status} {answer}")
        self.told.adjustments[name] = (customer, points)

    def _redeem(self, caller: Caller, name: str, customer: str) -> None:
        cart = {"currency": "EUR", "total": 10_000, "items": []}
        status, answer = caller.call(
            "POST", f"/v1/coupons/{self._coupon}/redemptions", {"order_id": f"coupon-{name}", "cart": cart, "customer": {"id": customer}}, key=name
        )
        if status in (200, 201):
            self.told.redeemed.add(name)
        elif status == 409 and answer.get("code") == "exhausted":
            self.told.exhausted.add(name)
        else:
            raise Failed(f"redemption {name}: {status} {answer}")

    def _look(self, caller: Caller, customer: str) -> None:
        status, answer = caller.call("GET", f"/v1/loyalty/members/{quote(customer)}")
        if status != 200 or answer.get("customer_id") != customer:
            raise Failed(f"member {customer}: {status} {answer}")


def order(name: str, customer: str) -> dict[str, Any]:
    """A paid order as a store says it; its id is the event's too."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "specversion": "1.0",
        "id": name,
        "source": "replicas",
        "type": "order.paid",
        "time": now,
        "data": {
            "order_id": name,
            "customer": {"id": customer, "email": f"{customer}@example.com", "first_name": "Check"},
            "currency": "EUR",
            "subtotal": SUBTOTAL,
            "total": SUBTOTAL,
            "placed_at": now,
            "items": [{"line_id": "1", "product_id": "mug", "name": "Mug", "quantity": 1, "unit_price": SUBTOTAL}],
        },
    }
