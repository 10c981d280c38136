"""The year's figures, reckoned from its events by the definitions of `GET /v1/metrics/retention`, to hold against what the suite says."""

from __future__ import annotations

from typing import Any, Iterable


def figures(events: Iterable[dict[str, Any]]) -> dict[str, int]:
    orders: dict[str, dict[str, Any]] = {}
    back: dict[str, int] = {}
    for event in events:
        data = event["data"]
        if event["type"] == "order.placed":
            orders[data["order_id"]] = data
        elif event["type"] == "order.cancelled":
            del orders[data["order_id"]]
        elif event["type"] == "order.refunded":
            back[data["order_id"]] = back.get(data["order_id"], 0) + data["amount"]
    gross = sum(order["total"] for order in orders.values())
    return {
        "customers": len({order["customer"]["email"] for order in orders.values()}),
        "orders": len(orders),
        "guest_orders": sum("id" not in order["customer"] for order in orders.values()),
        "gross_revenue": gross,
        "net_revenue": gross - sum(amount for order, amount in back.items() if order in orders),
    }
