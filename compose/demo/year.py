"""A year of the shop: who comes, when they buy, and everything else that happens. What becomes of an order is in fate.py."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import seasons
from chance import Chance
from fate import Fate
from orders import CURRENCY, basket, make_order, order_channel, order_coupon, worth
from people import Person, make_person
from products import PRICE_RISES, PRODUCTS, SHOP_URL, Product, price

DAYS = 365
DAY = 86_400
PEOPLE = 1_800
#: Habit: days between two orders, and how many of a hundred do not come back after an order.
_HABITS = {"once": (0, 0, 100), "now and then": (45, 120, 11), "regular": (21, 56, 4), "devoted": (12, 30, 2)}
_NETWORKS = (("instagram", 6), ("tiktok", 3), ("youtube", 1))


@dataclass(frozen=True)
class Purchase:
    second: int
    person: Person
    first: bool


class Year:
    """The events of the 365 days before `until` (UTC), in the order of their times. The same `seed` and `until` make the same bytes."""

    def __init__(self, seed: int, until: date) -> None:
        self.seed, self.until = seed, until
        self.first_day = until - timedelta(days=DAYS)
        self._start = datetime(self.first_day.year, self.first_day.month, self.first_day.day, tzinfo=timezone.utc)
        # Ids of two years never meet, so two seeds (or two days) may stream into one suite.
        digest = hashlib.sha256(f"{seed}/{until.isoformat()}".encode()).digest()
        self.tag = base64.b32encode(digest)[:4].decode().lower()
        self.source = f"ihlamur-demo/{seed}/{until.isoformat()}"
        #: How busy each day is, the days after the end included.
        self._busy = [seasons.weight(self.first_day + timedelta(days=day)) for day in range(DAYS + 366)]
        self.people: list[Person] = []
        self._made: list[tuple[int, int, dict[str, Any]]] = []
        self._catalogue()
        self._arrivals()
        purchases = sorted(
            (one for person in self.people for one in self._purchases(person)), key=lambda one: (one.second, one.person.number)
        )
        self._orders(purchases)
        self._left_carts()
        self._newsletter()
        self._social()
        # Not by id: what is said first at one second stays first.
        self._made.sort(key=lambda made: made[:2])
        self.events = [event for second, _, event in self._made if second < DAYS * DAY]

    # --- Saying

    def time(self, second: int) -> str:
        return (self._start + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def day(self, second: int) -> date:
        return self.first_day + timedelta(days=second // DAY)

    def say(self, second: int, id: str, type: str, data: dict[str, Any]) -> None:
        event = {"specversion": "1.0", "id": id, "source": self.source, "type": type, "time": self.time(second), "data": data}
        self._made.append((second, len(self._made), event))

    def lines(self) -> list[bytes]:
        """Each event as a line of NDJSON."""
        return [line(event) for event in self.events]

    def _moment(self, chance: Chance, day: int) -> int:
        """A second of a day, as people shop by Istanbul's clock (three hours ahead of UTC)."""
        local = chance.weighted(seasons.HOURS) * 3_600 + chance.below(3_600)
        return min(max(day * DAY + local - 3 * 3_600, 600), DAYS * DAY - 1)

    def _day_near(self, chance: Chance, low: int, high: int) -> int | None:
        """A day between the two, a busy one more likely; None past the end of the year."""
        low = max(low, 0)
        day = low + chance.weighted(self._busy[low : high + 1])
        return day if day < DAYS else None

    # --- What happens

    def _catalogue(self) -> None:
        for number, product in enumerate(PRODUCTS):
            self.say(1 + number, f"{self.tag}-{product.id}-new", "product.upserted", {"product": _shown(product, 0, True)})
        for day, _ in PRICE_RISES:
            for number, product in enumerate(PRODUCTS):
                self.say(
                    day * DAY + 60 + number,
                    f"{self.tag}-{product.id}-price-{day}",
                    "product.upserted",
                    {"product": _shown(product, day, True)},
                )
        chance = Chance(self.seed, "stock")
        for number in range(24):
            product, day, gone = chance.pick(PRODUCTS), chance.between(5, DAYS - 20), chance.between(2, 12)
            for at, in_stock in ((day, False), (day + gone, True)):
                second = self._moment(chance, at)
                name = f"{self.tag}-{product.id}-stock-{number}-{'in' if in_stock else 'out'}"
                self.say(second, name, "product.upserted", {"product": _shown(product, second // DAY, in_stock)})

    def _arrivals(self) -> None:
        chance = Chance(self.seed, "people")
        for number in range(1, PEOPLE + 1):
            person = make_person(number, self.tag, chance, self.first_day.year)
            person.from_before = chance.percent(30)
            guest = not person.from_before and chance.percent(32)
            person.habit = list(_HABITS)[chance.weighted((78, 22, 0, 0) if guest else (32, 34, 26, 8))]
            person.joins_at = 120 + number if person.from_before else self._moment(chance, chance.weighted(self._busy[:DAYS]))
            person.registered_at = None if guest else person.joins_at
            self.people.append(person)
            if not guest:
                self._register(person)

    def _register(self, person: Person) -> None:
        assert person.registered_at is not None
        self.say(person.registered_at, f"{person.id}-created", "customer.created", {"customer": person.profile()})

    def _purchases(self, person: Person) -> list[Purchase]:
        chance = Chance(self.seed, f"purchases of {person.number}")
        low, high, leaves = _HABITS[person.habit]
        second: int | None = person.joins_at + chance.between(240, 1_500)
        if person.from_before:
            # Somewhere in their rhythm; every third of those who bought once is never seen again.
            day = self._day_near(chance, 0, high or DAYS - 1)
            second = None if day is None or (person.habit == "once" and chance.percent(33)) else self._moment(chance, day)
        elif person.registered_at is not None and chance.percent(6):
            second = None  # only looked around
        purchases: list[Purchase] = []
        while second is not None and second < DAYS * DAY:
            purchases.append(Purchase(second, person, first=not purchases and not person.from_before))
            if chance.percent(leaves):
                break
            if person.registered_at is None and chance.percent(45):
                # The guest comes back and opens an account on the way to the till.
                gap = chance.between(low, high)
                day = self._day_near(chance, second // DAY + gap * 7 // 10, second // DAY + gap * 13 // 10)
                second = None if day is None else self._moment(chance, day)
                if second is not None:
                    person.registered_at = second - 200
                    self._register(person)
                continue
            gap = chance.between(low, high)
            day = self._day_near(chance, second // DAY + gap * 7 // 10, second // DAY + gap * 13 // 10)
            second = None if day is None else self._moment(chance, day)
        return purchases

    def _orders(self, purchases: list[Purchase]) -> None:
        chance, fate = Chance(self.seed, "orders"), Fate(self, Chance(self.seed, "fate"))
        for count, purchase in enumerate(purchases, start=1):
            second, person, on = purchase.second, purchase.person, self.day(purchase.second)
            guest = person.is_guest(second)
            items = basket(chance, second // DAY, on)
            channel = order_channel(chance, guest)
            offer = order_coupon(chance, on, purchase.first, guest)
            coupon = (offer[0], worth(items) * offer[1] // 100) if offer else None
            cart_id = f"{self.tag}-k{count:05d}" if channel != "store" and chance.percent(45) else None
            customer = person.brief(second)
            if cart_id:
                self._cart(max(second - chance.between(90, 195), 1), cart_id, customer, items, "cart.updated")
            order = make_order(
                f"{self.tag}-o{count:05d}",
                f"IHL-{10_000 + count}",
                customer,
                items,
                channel,
                person.city,
                self.time(second),
                coupon,
                cart_id,
            )
            fate.of(order, person, second)

    def _cart(self, second: int, cart_id: str, customer: dict[str, Any], items: list[dict[str, Any]], type: str) -> None:
        self.say(second, f"{cart_id}-{type.split('.')[0]}", type, cart(cart_id, customer, items))

    def _left_carts(self) -> None:
        """Carts that nobody came back for; some got as far as the checkout."""
        chance = Chance(self.seed, "carts")
        for number in range(1, 951):
            second, person = self._moment(chance, chance.weighted(self._busy[:DAYS])), chance.pick(self.people)
            items = basket(chance, second // DAY, self.day(second))
            if second < person.joins_at + 900 or person.is_guest(second):
                continue
            cart_id = f"{self.tag}-b{number:04d}"
            self._cart(second, cart_id, person.brief(second), items, "cart.updated")
            if chance.percent(35):
                self._cart(second + chance.between(60, 900), cart_id, person.brief(second), items, "checkout.started")

    def _newsletter(self) -> None:
        chance = Chance(self.seed, "newsletter")
        for number in range(1, 261):
            # People who have bought nothing yet: an address and no more.
            reader = make_person(PEOPLE + number, self.tag, chance, self.first_day.year)
            second = self._moment(chance, chance.below(DAYS))
            data = {"email": reader.email, "topics": ["newsletter"], "source": chance.pick(("footer", "popup", "checkout"))}
            self.say(second, f"{self.tag}-n{number:04d}-in", "newsletter.subscribed", data)
            if chance.percent(12):
                self.say(
                    second + chance.between(5, 120) * DAY,
                    f"{self.tag}-n{number:04d}-out",
                    "newsletter.unsubscribed",
                    {**data, "source": "mail"},
                )
        for person in self.people:
            if person.registered_at is not None and chance.percent(7):
                second = person.registered_at + chance.between(2, 150) * DAY
                kind = "unsubscribed" if person.accepts_marketing else "subscribed"
                data = {"customer": {"id": person.id, "email": person.email}, "topics": ["newsletter"], "source": "account"}
                self.say(second, f"{person.id}-newsletter", f"newsletter.{kind}", data)

    def _social(self) -> None:
        chance = Chance(self.seed, "social")
        for person in self.people:
            if person.registered_at is not None and chance.percent(13):
                network = _NETWORKS[chance.weighted([weight for _, weight in _NETWORKS])][0]
                second = person.registered_at + chance.between(300, 60 * DAY)
                self.say(
                    second,
                    f"{person.id}-{network}",
                    "social.followed",
                    {
                        "network": network,
                        "customer": {"id": person.id},
                        "url": f"https://{network}.com/ihlamur.example",
                        "distinct_id": f"{network}:{person.id}",
                    },
                )


def cart(cart_id: str, customer: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cart_id": cart_id,
        "customer": customer,
        "currency": CURRENCY,
        "total": worth(items),
        "items": items,
        "recovery_url": f"{SHOP_URL}/sepet/{cart_id}",
    }


def line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _shown(product: Product, day: int, in_stock: bool) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "url": product.url,
        "image_url": f"{SHOP_URL}/resim/{product.id}.jpg",
        "price": price(product, day),
        "currency": CURRENCY,
        "categories": list(product.categories),
        "in_stock": in_stock,
    }
