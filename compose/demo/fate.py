"""What becomes of an order: payment, parcel, delay, delivery, cancellation, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import seasons
from chance import Chance
from orders import Order
from people import Person

if TYPE_CHECKING:
    from year import Year

_HOUR, _DAY = 3_600, 86_400
_CARRIERS = ("Yurtiçi Kargo", "Aras Kargo", "MNG Kargo", "PTT Kargo")


class Fate:
    def __init__(self, year: Year, chance: Chance) -> None:
        self._year, self._chance = year, chance

    def of(self, order: Order, person: Person, placed: int) -> None:
        """Says everything about an order from its placing on. What lies past the year's end is said too, and cut off there by the year."""
        chance = self._chance
        self._say(placed, order, "placed", order.data)
        if order.data["channel"] == "store":
            paid = placed + chance.between(5, 60)
        elif chance.percent(7):
            # By bank transfer; some never send the money.
            if chance.percent(12):
                self._cancel(placed + 5 * _DAY + chance.below(_HOUR), order, person, paid=False)
                return
            paid = placed + chance.between(1 * _HOUR, 40 * _HOUR)
        else:
            paid = placed + chance.between(20, 240)
        self._say(paid, order, "paid", order.data)
        if self._counts(placed):
            person.orders += 1
            person.spent += order.total
        if order.data["channel"] == "store":
            if chance.percent(2):
                self._refund(paid + chance.between(1, 10) * _DAY, order, person)
            return
        if chance.percent(2.4):
            self._cancel(paid + chance.between(20 * 60, 14 * _HOUR), order, person, paid=True)
            return
        delivered = self._parcel(paid, order, person)
        if chance.percent(6):
            self._refund(delivered + chance.between(1, 13) * _DAY + chance.below(_DAY), order, person)

    def _say(self, second: int, order: Order, what: str, data: dict[str, Any]) -> None:
        self._year.say(second, f"{order.id}-{what}", f"order.{what}", data)

    def _counts(self, second: int) -> bool:
        return second < 365 * _DAY

    def _cancel(self, second: int, order: Order, person: Person, paid: bool) -> None:
        self._say(second, order, "cancelled", {"order_id": order.id, "customer": order.data["customer"]})
        if paid:
            back = second + self._chance.between(_HOUR, 30 * _HOUR)
            order.refunded = order.total
            self._give_back(back, order, person, 1, order.total, [])
            if self._counts(second):
                person.orders -= 1

    def _working_time(self, second: int, after: int) -> int:
        """Later than `after`: on a day from that of `second` on, on which parcels move, between nine and eight by Istanbul's clock."""
        second = second // _DAY * _DAY + 6 * _HOUR + second % _DAY * 11 // 24
        while second <= after or seasons.carriers_rest(self._year.day(second)):
            second += _DAY
        return second

    def _parcel(self, paid: int, order: Order, person: Person) -> int:
        chance = self._chance
        shipped = self._working_time(paid + chance.between(6 * _HOUR, 46 * _HOUR), after=paid)
        number = f"IHL{self._year.tag.upper()}{order.id[-5:]}"
        parcel = {
            "order_id": order.id,
            "customer": {name: order.data["customer"][name] for name in ("id", "email") if name in order.data["customer"]},
            "carrier": chance.pick(_CARRIERS),
            "tracking_number": number,
            "tracking_url": f"https://kargo.example.com/{number}",
        }
        near = order.data["city"] in ("İstanbul", "Kocaeli", "Bursa")
        due = self._working_time(shipped + chance.between(18 * _HOUR, (44 if near else 80) * _HOUR), after=shipped)
        self._say(shipped, order, "shipped", {**parcel, "expected_at": self._year.time(due)})
        if chance.percent(4.5):
            noticed = due + chance.between(1, 10) * _HOUR
            due = self._working_time(noticed + chance.between(20 * _HOUR, 110 * _HOUR), after=noticed)
            self._say(noticed, order, "delayed", {**parcel, "expected_at": self._year.time(due)})
            if self._counts(noticed):
                person.delays += 1
        self._say(due, order, "delivered", parcel)
        if self._counts(due):
            person.last_delivery = due
        return due

    def _refund(self, second: int, order: Order, person: Person) -> None:
        """A line or part of one, an amount as an apology, or everything; now and then a second line some days later."""
        chance, items = self._chance, order.data["items"]
        kind = chance.weighted((60, 24, 16))
        if kind == 0:
            first = chance.pick(items)
            amount, line = order.refund_line(first, chance.between(1, first["quantity"]))
            self._give_back(second, order, person, 1, amount, [line])
            others = [item for item in items if item is not first]
            if others and chance.percent(15):
                other = chance.pick(others)
                amount, line = order.refund_line(other, other["quantity"])
                self._give_back(second + chance.between(1, 6) * _DAY, order, person, 2, amount, [line])
        elif kind == 1:
            amount = order.total * chance.between(8, 30) // 100 // 100 * 100
            order.refunded += amount
            self._give_back(second, order, person, 1, amount, [])
        else:
            lines = [order.refund_line(item, item["quantity"])[1] for item in items]
            # Shipping comes back too.
            order.refunded = order.total
            self._give_back(second, order, person, 1, order.total, lines)

    def _give_back(self, second: int, order: Order, person: Person, count: int, amount: int, lines: list[dict[str, Any]]) -> None:
        if amount == 0:
            return
        refund = f"{order.id}-r{count}"
        data: dict[str, Any] = {"order_id": order.id, "refund_id": refund, "amount": amount, "customer": order.data["customer"]}
        if lines:
            data["items"] = lines
        self._year.say(second, refund, "order.refunded", data)
        if self._counts(second):
            person.refunds += 1
            person.spent -= amount
