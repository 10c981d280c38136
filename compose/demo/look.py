"""What the year came to, and where to look next: commands that can be pasted as they are."""

from __future__ import annotations

from datetime import datetime, timezone

from client import RouteMissing, Suite, path
from figures import figures
from progress import number
from scenes import Stage


def money(amount: float) -> str:
    return f"{amount / 100:,.2f} TL"


def _window(stage: Stage) -> str:
    return f"from={stage.year.time(0)}&to={stage.year.until.isoformat()}T00:00:00Z&currency=TRY"


def report(stage: Stage) -> None:
    """The suite's own figures beside the generator's, the ledger, the best customer."""
    suite = stage.suite
    expected = figures(stage.year.events)
    said = suite.need("GET", f"/v1/metrics/retention?{_window(stage)}")
    print(f"\nThe year, as the suite reckons it ({stage.year.first_day} to {stage.year.until}):\n")
    rows = [
        ("orders", f"{number(said['orders'])}, by {number(said['customers'])} customers; {said['guest_checkout_rate']:.1%} as guests"),
        ("revenue", f"{money(said['gross_revenue'])}; {money(said['net_revenue'])} after refunds"),
        ("average order", money(said["average_order_value"])),
        ("come back", f"{said['repeat_purchase_rate']:.1%} of customers, after {said['days_between_orders']:.0f} days"),
        ("lifetime value", money(said["lifetime_value"])),
    ]
    ledger = suite.need("GET", "/v1/loyalty/ledger/verify")
    rows.append(("points ledger", f"{number(ledger['entries'])} entries, {'balanced' if ledger['balanced'] else 'NOT BALANCED'}"))
    best = suite.need("GET", path("loyalty", "members", stage.best.id))
    rows.append(
        ("best customer", f"{stage.best.first_name} {stage.best.last_name}: {stage.best.orders} orders, {number(best['balance'])} points")
    )
    for name, words in rows:
        print(f"  {name:15} {words}")
    differing = {name: (value, said[name]) for name, value in expected.items() if said[name] != value}
    if not differing:
        print("\n  These are the figures of the generated year, to the kuruş.")
    else:
        words = "; ".join(f"{name} {number(value)}, suite {number(theirs)}" for name, (value, theirs) in differing.items())
        print(f"\n  The generated year alone: {words}. Right if this suite also holds other orders in TRY of that time.")


def commands(stage: Stage) -> None:
    """The list at the end."""
    print("\nWhat to look at (VEFA_KEY holds the key):\n")
    print(f'  V={stage.suite.url}; A="Authorization: Bearer $VEFA_KEY"\n')
    for words, request in _requests(stage):
        print(f"  # {words}\n  curl -s {request}\n")
    print(f"  All calls, to read and to try: {stage.suite.url}/docs")


def _requests(stage: Stage) -> list[tuple[str, str]]:
    made = stage.made

    def get(address: str) -> str:
        return f'-H "$A" "$V{address}"'

    requests: list[tuple[str, str]] = [
        (
            f"everything about {stage.best.first_name} {stage.best.last_name}, the best customer",
            get(path("customers", stage.best.id, "overview")),
        ),
        ("the points, order by order", get(path("loyalty", "members", stage.best.id, "transactions"))),
        ("how customers return", get(f"/v1/metrics/retention?{_window(stage)}")),
    ]
    if "coupon" in made:
        requests.append(("the shared coupon and its uses", get(path("coupons", made["coupon"]))))
    if "advocate" in made:
        requests.append(("referrals and their states", get("/v1/referral/referrals")))
        requests.append(("where the advocate's link leads", f"-i \"{made['link']}\""))
    if "survey" in made:
        requests.append(("the survey's figures", get(path("surveys", made["survey"], "stats"))))
        requests.append(("the survey as customers see it (open it in a browser)", f"\"$V/s/{made['survey']}?lang=tr\""))
    if "cart_owner" in made:
        requests.append(("mails to the customer who left a cart", get(f"/v1/messages?customer={made['cart_owner']}")))
    if "flow" in made:
        requests.append(("the abandoned-cart flow's runs", get(path("flows", made["flow"], "runs"))))
    if _has_clock(stage.suite):
        if "flow" in made:
            requests.append(("two hours later: the reminder is out", _advance(2 * 3_600)))
        if "referral" in made:
            requests.append(("fifteen days later: the referral is approved, and the advocate has a coupon too", _advance(15 * 86_400)))
    return requests


def _advance(seconds: int) -> str:
    return f'-X POST -H "$A" -H \'Content-Type: application/json\' -d \'{{"advance_seconds": {seconds}}}\' "$V/v1/sandbox/clock"'


def _has_clock(suite: Suite) -> bool:
    return suite.get("/v1/sandbox/clock").ok


def suite_now(suite: Suite) -> datetime:
    """The suite's own time, which is another one where it runs on a sandbox clock."""
    try:
        now = suite.need("GET", "/v1/sandbox/clock")["now"]
        return datetime.strptime(now[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except RouteMissing:
        return datetime.now(timezone.utc)
