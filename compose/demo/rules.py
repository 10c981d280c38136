"""What must hold of the year's events: the catalogue's rules as docs/events.md states them, and the shop's own bookkeeping."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Iterable

_LARGEST = 2**53
_EMAIL = re.compile(r"[a-z0-9.]+@example\.(com|org)\Z")
_ADDRESS = re.compile(r"@([A-Za-z0-9.-]+)")
#: Members of `data` by type: those that must be there, those that may.
_CUSTOMER = {
    "id",
    "email",
    "first_name",
    "last_name",
    "locale",
    "timezone",
    "country",
    "region",
    "city",
    "birthday",
    "accepts_marketing",
    "tags",
}
_ORDER = {
    "order_id",
    "number",
    "cart_id",
    "customer",
    "currency",
    "subtotal",
    "discount_total",
    "tax_total",
    "tax_included",
    "shipping_total",
    "total",
    "coupon_codes",
    "referral_code",
    "channel",
    "country",
    "city",
    "placed_at",
    "items",
}
_PARCEL = {"order_id", "customer", "tracking_number", "tracking_url", "carrier", "expected_at"}
_TYPES: dict[str, tuple[set[str], set[str]]] = {
    "customer.created": ({"customer"}, set()),
    "order.placed": ({"order_id", "currency", "total"}, _ORDER),
    "order.paid": ({"order_id", "currency", "total"}, _ORDER),
    "order.cancelled": ({"order_id"}, _ORDER),
    "order.shipped": ({"order_id"}, _PARCEL),
    "order.delayed": ({"order_id"}, _PARCEL),
    "order.delivered": ({"order_id"}, _PARCEL),
    "order.refunded": ({"order_id", "refund_id", "amount"}, {"items", "customer"}),
    "cart.updated": ({"cart_id", "currency", "total", "items"}, {"customer", "recovery_url"}),
    "checkout.started": ({"cart_id", "currency", "total", "items"}, {"customer", "recovery_url"}),
    "product.upserted": ({"product"}, set()),
    "newsletter.subscribed": (set(), {"email", "customer", "topics", "source"}),
    "newsletter.unsubscribed": (set(), {"email", "customer", "topics", "source"}),
    "social.followed": ({"network"}, {"customer", "url", "distinct_id"}),
}
_AMOUNTS = ("subtotal", "discount_total", "tax_total", "shipping_total", "total", "amount", "unit_price", "discount", "tax", "price")


def faults(events: Iterable[dict[str, Any]]) -> list[str]:
    """Everything that is wrong with the events, each with the id of its event."""
    wrong: list[str] = []
    books = _Books(wrong)
    seen: set[str] = set()
    last = ""
    for event in events:
        name = event.get("id", "")
        before = len(wrong)
        _envelope(event, wrong)
        if name in seen:
            wrong.append("the id is used twice")
        if event["time"] < last:
            wrong.append("earlier than the one before")
        seen.add(name)
        last = event["time"]
        _catalogue(event["type"], event["data"], wrong)
        books.enter(event)
        wrong[before:] = [f"{name}: {words}" for words in wrong[before:]]
    return wrong


def _envelope(event: dict[str, Any], wrong: list[str]) -> None:
    if set(event) != {"specversion", "id", "source", "type", "time", "data"} or event["specversion"] != "1.0":
        wrong.append("not a CloudEvent of the form that docs/events.md shows")
    for name in ("id", "source", "type"):
        if not 1 <= len(event[name].encode()) <= 255:
            wrong.append(f"{name} is empty or too long")
    if event["source"].startswith("vefa/"):
        wrong.append("the source is one of Vefa's own")
    if datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").year < 1970:
        wrong.append("before 1970")


def _catalogue(type: str, data: dict[str, Any], wrong: list[str]) -> None:
    if type not in _TYPES:
        wrong.append(f"{type} is not in the catalogue")
        return
    needed, allowed = _TYPES[type]
    for name in needed - set(data):
        wrong.append(f"{name} is missing")
    for name in set(data) - needed - allowed:
        wrong.append(f"{name} is unknown")
    if type.startswith("newsletter.") and "email" not in data and not data.get("customer"):
        wrong.append("an e-mail or a customer is missing")
    if type == "customer.created" and not data.get("customer", {}).get("id"):
        wrong.append("customer.id is missing")
    customer = data.get("customer", {})
    for name in set(customer) - _CUSTOMER:
        wrong.append(f"customer.{name} is unknown")
    if "birthday" in customer:
        date.fromisoformat(customer["birthday"])
    for email in (customer.get("email"), data.get("email")):
        if email is not None and not _EMAIL.match(email):
            wrong.append(f"{email} could be somebody's address")
    # Wherever else an address may stand.
    for domain in _ADDRESS.findall(str(data)):
        if domain not in ("example.com", "example.org"):
            wrong.append(f"an address at {domain}")
    for part in (data, data.get("product", {}), *data.get("items", [])):
        for name in _AMOUNTS:
            if name in part and not (isinstance(part[name], int) and 0 <= part[name] <= _LARGEST):
                wrong.append(f"{name} is no amount")
        if "quantity" in part and not 1 <= part["quantity"] <= 1_000_000:
            wrong.append("quantity is out of range")
        if part.get("currency", "TRY") != "TRY":
            wrong.append("another currency")


class _Books:
    """The shop's bookkeeping: what an order's events must say of each other."""

    def __init__(self, wrong: list[str]) -> None:
        self._wrong = wrong
        self._orders: dict[str, dict[str, Any]] = {}
        self._states: dict[str, set[str]] = {}
        self._back: dict[str, int] = {}
        self._pieces: dict[tuple[str, str], int] = {}
        self._customers: set[str] = set()
        self._products: set[str] = set()

    def enter(self, event: dict[str, Any]) -> None:
        type, data = event["type"], event["data"]
        if type == "customer.created":
            self._customers.add(data["customer"]["id"])
        elif type == "product.upserted":
            self._products.add(data["product"]["id"])
        elif data.get("customer", {}).get("id", "") not in self._customers | {""}:
            self._say("a customer without an account")
        for item in data.get("items", []):
            if "product_id" in item and item["product_id"] not in self._products:
                self._say("a product that is not on the shelf")
        if type.startswith(("cart.", "checkout.")) and data["total"] != _lines(data):
            self._say("the cart's lines do not add up to its total")
        if type.startswith("order."):
            self._order(type.split(".")[1], data, event["time"])

    def _say(self, words: str) -> None:
        self._wrong.append(words)

    def _order(self, what: str, data: dict[str, Any], time: str) -> None:
        order_id = data["order_id"]
        states = self._states.setdefault(order_id, set())
        if what == "placed":
            self._orders[order_id] = data
            self._totals(data)
            if data["placed_at"] != time:
                self._say("placed_at is another time")
        elif "placed" not in states:
            self._say(f"{what} before it was placed")
        needs = {"shipped": "paid", "delivered": "shipped", "delayed": "shipped", "refunded": "paid"}.get(what)
        if needs and needs not in states:
            self._say(f"{what} before it was {needs}")
        never = {"paid": "cancelled", "shipped": "cancelled", "delayed": "delivered", "cancelled": "shipped"}.get(what)
        if never in states:
            self._say(f"{what} after it was {never}")
        if what in states and what != "refunded":
            self._say(f"{what} twice")
        states.add(what)
        if what == "paid" and data != self._orders.get(order_id):
            self._say("paid is another order than placed")
        if what == "refunded":
            self._refund(data)

    def _totals(self, order: dict[str, Any]) -> None:
        if order["subtotal"] != _lines(order):
            self._say("the lines do not add up to the subtotal")
        if order["discount_total"] != sum(item.get("discount", 0) for item in order["items"]):
            self._say("the lines' discounts do not add up")
        if any(item.get("discount", 0) > item["quantity"] * item["unit_price"] for item in order["items"]):
            self._say("a line's discount is more than the line")
        if order["total"] != order["subtotal"] - order["discount_total"] + order["shipping_total"]:
            self._say("the total does not add up")
        if not order["tax_included"] or abs(order["tax_total"] * 6 - order["total"]) > 6 * (len(order["items"]) + 1):
            self._say("the tax is not a sixth of the total")

    def _refund(self, data: dict[str, Any]) -> None:
        order = self._orders.get(data["order_id"])
        if order is None:
            return
        back = self._back[data["order_id"]] = self._back.get(data["order_id"], 0) + data["amount"]
        if data["amount"] <= 0 or back > order["total"]:
            self._say("more is given back than was paid, or nothing")
        for line in data.get("items", []):
            key = (data["order_id"], line["line_id"])
            bought = [item["quantity"] for item in order["items"] if item["line_id"] == line["line_id"]]
            self._pieces[key] = self._pieces.get(key, 0) + line["quantity"]
            if len(bought) != 1 or self._pieces[key] > bought[0]:
                self._say("more pieces come back than were bought")


def _lines(data: dict[str, Any]) -> int:
    return sum(item["quantity"] * item["unit_price"] for item in data["items"])
