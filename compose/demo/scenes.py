"""Small scenes of today, after the year: one for each part of the suite. A part whose routes are not there is named and passed over.

Everything is sent under a key made of the year, so the same scenes played again answer as before and do nothing twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Callable

from chance import Chance
from client import DemoError, RouteMissing, Suite, path
from orders import CURRENCY, basket, make_order
from people import Person, make_person
from stream import tell
from year import DAYS, PEOPLE, Year, cart

_RESPONSES = 150


@dataclass
class Stage:
    suite: Suite
    year: Year
    #: What the scenes made, for the commands at the end.
    made: dict[str, str] = field(default_factory=dict)

    def key(self, name: str) -> str:
        return f"demo-{self.year.tag}-{name}"

    @property
    def members(self) -> list[Person]:
        """Everybody with an account and an order, the best customer first."""
        known = [person for person in self.year.people if person.registered_at is not None and person.orders > 0]
        return sorted(known, key=lambda person: (-person.spent, person.number))

    @property
    def best(self) -> Person:
        return self.members[0]


def play(stage: Stage) -> None:
    scenes: tuple[tuple[str, Callable[[Stage], str]], ...] = (
        ("coupon", _coupon),
        ("referral", _referral),
        ("survey", _survey),
        ("cart", _cart),
    )
    for name, scene in scenes:
        try:
            words = f"✓ {name:9} {scene(stage)}"
        except RouteMissing as missing:
            words = f"– {name:9} skipped: this suite has no {missing} yet"
        except DemoError as error:
            words = f"✗ {name:9} {error}"
        print(f"  {words}", flush=True)


def _purchase(stage: Stage, name: str, person: Person, coupon: tuple[str, int], at_least: int) -> dict[str, Any]:
    """A paid order of today that carries a code; worth at least so much."""
    chance = Chance(stage.year.seed, f"scene {name}")
    items: list[dict[str, Any]] = []
    while sum(item["quantity"] * item["unit_price"] for item in items) < at_least:
        items = basket(chance, DAYS - 1, stage.year.until)
    order = make_order(
        f"{stage.year.tag}-{name}", f"IHL-{name.upper()}", person.brief(DAYS * 86_400), items, "web", person.city, None, coupon, None
    )
    tell(stage.suite, stage.year, f"{name}-paid", "order.paid", order.data)
    return order.data


def _coupon(stage: Stage) -> str:
    """A shared code, tried without obligation, then used by an order."""
    code, person, value, minimum = f"IHLAMUR{stage.year.tag.upper()}", stage.members[1], 5_000, 40_000
    answer = stage.suite.write(
        "POST",
        "/v1/coupon_batches",
        {
            "name": "Ihlamur demo: 50 TL off from 400 TL",
            "code": code,
            "discount": {"type": "fixed", "amount": value, "currency": CURRENCY},
            "minimum_order": minimum,
            "max_redemptions": 200,
            "per_customer": 1,
        },
        stage.key("coupon-batch"),
    )
    if Suite.lacks(answer):
        raise RouteMissing("POST", "/v1/coupon_batches")
    if not answer.ok and answer.status != 409:
        raise DemoError(f"the coupon batch was refused: {answer.words}")
    stage.made["coupon"] = code
    small = {"currency": CURRENCY, "total": 12_000, "items": [{"product_id": "dudak-balmi", "quantity": 1, "unit_price": 12_000}]}
    verdict = stage.suite.need(
        "POST", path("coupons", code, "validate"), {"cart": small, "customer": {"id": stage.best.id}}, stage.key("coupon-try")
    )
    reasons = ", ".join(reason["code"] for reason in verdict["reasons"])
    order = _purchase(stage, "coupon", person, (code, value), minimum)
    return f"{code}: refused for a cart of 120 TL ({reasons}), used by {order['order_id']} of {person.first_name} {person.last_name}"


def _referral(stage: Stage) -> str:
    """The best customer recommends the shop; a friend claims, and pays a first order with the friend's coupon."""
    advocate = stage.best
    answer = stage.suite.write("PUT", path("referral", "advocates", advocate.id), {}, stage.key("advocate"))
    if Suite.lacks(answer):
        raise RouteMissing("PUT", "/v1/referral/advocates/{customer_id}")
    if not answer.ok:
        raise DemoError(f"the advocate was refused: {answer.words}")
    known = answer.body
    stage.made["advocate"], stage.made["referral_code"], stage.made["link"] = advocate.id, known["code"], known["link"]
    friend = make_person(PEOPLE + 1_001, stage.year.tag, Chance(stage.year.seed, "friend"), stage.year.first_day.year)
    answer = stage.suite.write("POST", "/v1/referral/claims", {"code": known["code"], "email": friend.email}, stage.key("claim"))
    if Suite.lacks(answer):
        raise RouteMissing("POST", "/v1/referral/claims")
    who = f"{advocate.first_name} {advocate.last_name} recommends by {known['code']}"
    if answer.status == 409:
        return f"{who}; {friend.first_name} claimed in an earlier run ({answer.code})"
    if not answer.ok:
        raise DemoError(f"the claim was refused: {answer.words}")
    referral, coupon = answer.body["referral_id"], answer.body["coupon_code"]
    stage.made["referral"] = referral
    friend.registered_at = 0
    order = _purchase(stage, "friend", friend, (coupon, 1_000), 30_000)
    state = _state(stage, referral)
    return f"{who}; {friend.first_name} claimed {coupon} and paid {order['total'] / 100:,.2f} TL with it: the referral is {state}"


def _state(stage: Stage, referral: str) -> str:
    """The referral's state, once the order has reached it."""
    state = "pending"
    until = time.monotonic() + 10
    while state == "pending" and time.monotonic() < until:
        answer = stage.suite.get(path("referral", "referrals", referral))
        if not answer.ok:
            return "on its way"
        state = answer.body.get("state", "unknown")
        time.sleep(0.1)
    return state


_TITLES = {
    "q1": {"tr": "Ihlamur'u bir arkadaşınıza önerme olasılığınız nedir?", "en": "How likely are you to recommend Ihlamur to a friend?"},
    "q2": {"tr": "En çok neyi beğendiniz?", "en": "What did you like most?"},
    "q3": {"tr": "Bize söylemek istediğiniz bir şey var mı?", "en": "Is there anything you would like to tell us?"},
}
_CHOICES = (
    ("product", {"tr": "Ürünleri", "en": "The products"}),
    ("parcel", {"tr": "Kargo ve paketleme", "en": "Delivery and packing"}),
    ("price", {"tr": "Fiyatları", "en": "The prices"}),
    ("service", {"tr": "Müşteri hizmetlerini", "en": "Customer service"}),
)
_HAPPY = (
    "Gül suyu harika, cildim yumuşacık oldu.",
    "Paketleme çok özenliydi, teşekkürler!",
    "Her ay alıyorum, vazgeçemiyorum.",
    "Ihlamur parfümü çok kalıcı.",
)
_SO_SO = ("Ürün güzel ama fiyatlar arttı.", "Kargo biraz geç geldi.", "Fena değil.")
_UNHAPPY = ("Kargom çok gecikti, kimse haber vermedi.", "Krem cildimi kuruttu, iade ettim.", "Kutu ezilmiş geldi.")


def _survey(stage: Stage) -> str:
    """A question after delivery, answered by customers as the year treated them; some visitors see it and close it."""
    survey = stage.suite.need(
        "POST",
        "/v1/surveys",
        {
            "name": "Ihlamur memnuniyet anketi",
            "questions": [
                {"id": "q1", "kind": "nps", "title": _TITLES["q1"], "required": True},
                {"id": "q2", "kind": "single", "title": _TITLES["q2"], "choices": [{"id": id, "title": title} for id, title in _CHOICES]},
                {"id": "q3", "kind": "text", "title": _TITLES["q3"]},
            ],
            "reward": {"kind": "points", "points": 50},
            "trigger": {"event": "order.delivered", "after_days": 3},
        },
        stage.key("survey"),
    )["id"]
    stage.suite.need("POST", path("surveys", survey, "publish"), {}, stage.key("survey-publish"))
    stage.made["survey"] = survey
    chance = Chance(stage.year.seed, "survey")
    for number in range(1, 61):
        visitor = f"{stage.year.tag}-v{number:03d}"
        for kind in ("seen", "closed") if chance.percent(45) else ("seen",):
            stage.suite.need(
                "POST", path("surveys", survey, "interactions"), {"visitor_id": visitor, "kind": kind}, stage.key(f"{visitor}-{kind}")
            )
    asked = sorted(
        (person for person in stage.members if person.last_delivery is not None),
        key=lambda person: (-(person.last_delivery or 0), person.number),
    )
    answered = refused = 0
    said = ""
    for person in asked[:_RESPONSES]:
        body = {"customer_id": person.id, "answers": _answers(person, chance), "completed": True}
        answer = stage.suite.write("POST", path("surveys", survey, "responses"), body, stage.key(f"answer-{person.number}"))
        if Suite.lacks(answer):
            raise RouteMissing("POST", "/v1/surveys/{id}/responses")
        if answer.ok or answer.code == "already_answered":
            answered += 1
        else:
            refused, said = refused + 1, answer.words
    if refused:
        raise DemoError(f"{refused} of {refused + answered} answers were refused, the last one with {said}")
    stats = stage.suite.need("GET", path("surveys", survey, "stats"))
    nps = stats["questions"]["q1"]
    low, high = nps["interval"]
    people = f"{stats['seen']} saw it, {stats['completed']} answered, {stats['closed']} closed it"
    return f"{people}; NPS {nps['nps']:.0f} (95 %: {low:.0f} to {high:.0f})"


def _answers(person: Person, chance: Chance) -> dict[str, Any]:
    """0 to 10 by what happened to them, and words to go with it."""
    if person.delays or person.refunds:
        score = (9, 8, 7, 6, 5, 3, 1)[chance.weighted((12, 18, 20, 18, 14, 10, 8))]
    else:
        score = (10, 9, 8, 7, 6, 4)[chance.weighted((34, 26, 20, 10, 7, 3))]
    answers: dict[str, Any] = {"q1": score, "q2": _CHOICES[chance.weighted((50, 18, 20, 12))][0]}
    words = _HAPPY if score >= 9 else _SO_SO if score >= 7 else _UNHAPPY
    if chance.percent(40):
        answers["q3"] = chance.pick(words)
    return answers


def _cart(stage: Stage) -> str:
    """A cart of today whose owner wants mail, with the abandoned-cart flow published beforehand where the suite has it."""
    left = {event["data"].get("customer", {}).get("id") for event in stage.year.events if event["type"] == "newsletter.unsubscribed"}
    owner = next(person for person in stage.members[2:] if person.accepts_marketing and person.id not in left and person.locale == "tr")
    flow = _cart_flow(stage)
    items = basket(Chance(stage.year.seed, "cart of today"), DAYS - 1, stage.year.until)
    cart_id = f"{stage.year.tag}-today"
    data = cart(cart_id, owner.brief(DAYS * 86_400), items)
    tell(stage.suite, stage.year, "cart-left", "cart.updated", data)
    stage.made["cart_owner"] = owner.id
    who = f"{owner.first_name} {owner.last_name} left {data['total'] / 100:,.2f} TL behind"
    if flow is None:
        return f"{who}; the reminder is not there yet (no POST /v1/flows)"
    stage.made["flow"] = flow
    return f"{who}; the reminder goes out in an hour unless an order comes first"


def _cart_flow(stage: Stage) -> str | None:
    """The id of the published abandoned-cart flow, made where there is none yet; None where the suite has no such preset."""
    for known in stage.suite.need("GET", "/v1/flows?limit=200")["data"]:
        if known.get("preset") == "abandoned_cart" and known.get("state") == "published":
            return known["id"]
    try:
        flow = stage.suite.need("POST", "/v1/flows", {"preset": "abandoned_cart", "locale": "tr"}, stage.key("flow"))["id"]
        stage.suite.need("POST", path("flows", flow, "publish"), {}, stage.key("flow-publish"))
    except RouteMissing:
        return None
    return flow
