"""Baskets, orders and refunds, in kuruş. Whatever is spread over lines adds up to the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import seasons
from chance import Chance
from products import PRODUCTS, price

CURRENCY = "TRY"
VAT_PERCENT = 20
SHIPPING = 7990
FREE_SHIPPING_FROM = 75000


def spread(amount: int, weights: list[int]) -> list[int]:
    """`amount` in whole parts by weight, the largest remainders first: they add up to `amount`, each within one of its share."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(amount * weights[index] % whole), index))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def vat_within(amount: int) -> int:
    """The tax that is part of an amount."""
    return (amount * VAT_PERCENT * 2 + 100 + VAT_PERCENT) // (2 * (100 + VAT_PERCENT))


def basket(chance: Chance, day: int, on: date) -> list[dict[str, Any]]:
    """One to six lines, as the season likes them."""
    lines = 1 + chance.weighted((34, 30, 19, 10, 5, 2))
    weights = [product.weight * (3 if on.month in product.season else 1) for product in PRODUCTS]
    items: list[dict[str, Any]] = []
    for number in range(1, lines + 1):
        index = chance.weighted(weights)
        weights[index] = 0
        product = PRODUCTS[index]
        items.append(
            {
                "line_id": str(number),
                "product_id": product.id,
                "sku": product.sku,
                "name": product.name,
                "categories": list(product.categories),
                "quantity": 1 + chance.weighted((84, 12, 4)),
                "unit_price": price(product, day),
            }
        )
    return items


def worth(items: list[dict[str, Any]]) -> int:
    return sum(item["quantity"] * item["unit_price"] for item in items)


@dataclass
class Order:
    """What the shop knows of one order while the year goes on."""

    data: dict[str, Any]
    refunded: int = 0
    #: Pieces and money given back, by line.
    pieces_back: dict[str, int] = field(default_factory=dict)
    money_back: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.data["order_id"]

    @property
    def total(self) -> int:
        return self.data["total"]

    def line_value(self, item: dict[str, Any]) -> int:
        return item["quantity"] * item["unit_price"] - item.get("discount", 0)

    def refund_line(self, item: dict[str, Any], quantity: int) -> tuple[int, dict[str, Any]]:
        """Gives back pieces of a line; the last piece brings what rounding left. Returns the money and the refund's line."""
        line = item["line_id"]
        pieces = self.pieces_back.get(line, 0) + quantity
        assert pieces <= item["quantity"]
        due = self.line_value(item) * pieces // item["quantity"]
        amount = due - self.money_back.get(line, 0)
        self.pieces_back[line], self.money_back[line] = pieces, due
        self.refunded += amount
        return amount, {"line_id": line, "quantity": quantity}


def make_order(
    order_id: str,
    number: str,
    customer: dict[str, Any],
    items: list[dict[str, Any]],
    channel: str,
    city: str,
    placed_at: str | None,
    coupon: tuple[str, int] | None,
    cart_id: str | None,
) -> Order:
    """Prices, discount, shipping and tax of a basket. `coupon` is a code and what it takes off.

    Without `placed_at` the order is placed when it arrives."""
    subtotal = worth(items)
    discount = min(coupon[1], subtotal) if coupon else 0
    shares = spread(discount, [item["quantity"] * item["unit_price"] for item in items])
    lines = []
    for item, share in zip(items, shares):
        line = dict(item)
        if share:
            line["discount"] = share
        line["tax"] = vat_within(item["quantity"] * item["unit_price"] - share)
        lines.append(line)
    in_store = channel == "store"
    shipping = 0 if in_store or subtotal - discount >= FREE_SHIPPING_FROM else SHIPPING
    data: dict[str, Any] = {
        "order_id": order_id,
        "number": number,
        "customer": customer,
        "currency": CURRENCY,
        "subtotal": subtotal,
        "discount_total": discount,
        "tax_total": sum(line["tax"] for line in lines) + vat_within(shipping),
        "tax_included": True,
        "shipping_total": shipping,
        "total": subtotal - discount + shipping,
        "channel": channel,
        "country": "TR",
        "city": city,
        "items": lines,
    }
    if placed_at:
        data["placed_at"] = placed_at
    if coupon:
        data["coupon_codes"] = [coupon[0]]
    if cart_id:
        data["cart_id"] = cart_id
    return Order(data)


def order_channel(chance: Chance, guest: bool) -> str:
    """Guests have no card to show at the till."""
    return ("web", "app", "store")[chance.weighted((80, 20, 0) if guest else (58, 31, 11))]


def order_coupon(chance: Chance, on: date, first_order: bool, guest: bool) -> tuple[str, int] | None:
    """A code and its percent."""
    current = seasons.campaign(on)
    if current and chance.percent(62):
        return current
    if first_order and not guest and chance.percent(35):
        return "HOSGELDIN10", 10
    return None
