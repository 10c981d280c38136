"""The year is the same twice, adds up, and could have happened; none of its people could be anybody's."""

from __future__ import annotations

import copy
import hashlib
import sys
import unittest
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from orders import spread, vat_within  # noqa: E402
from rules import faults  # noqa: E402
from year import Year  # noqa: E402

UNTIL = date(2026, 11, 22)


class YearTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.year = Year(7, UNTIL)

    def test_the_same_seed_and_day_make_the_same_bytes(self) -> None:
        self.assertEqual(self.year.lines(), Year(7, UNTIL).lines())

    def test_the_bytes_are_the_same_in_every_version_of_python(self) -> None:
        # Whoever changes the shop on purpose puts the new value here.
        self.assertEqual(
            hashlib.sha256(b"".join(self.year.lines())).hexdigest(), "79c6764d7a1a232c97cc52b116e0f62e6c1fe1d1e9b030735e1e94609c7bb976"
        )

    def test_another_seed_or_day_shares_no_id_with_this_year(self) -> None:
        ids = {event["id"] for event in self.year.events}
        for other in (Year(8, UNTIL), Year(7, date(2026, 11, 21))):
            self.assertTrue(ids.isdisjoint(event["id"] for event in other.events))

    def test_every_event_passes_the_catalogue_and_the_books_in_any_year(self) -> None:
        # A leap day, a year's turn, and years with the feasts elsewhere.
        for seed, until in ((7, UNTIL), (1, date(2025, 1, 1)), (123456789, date(2028, 6, 30))):
            with self.subTest(seed=seed, until=until):
                self.assertEqual(faults(Year(seed, until).events), [])

    def test_everything_happens_within_the_365_days_before_until(self) -> None:
        times = [event["time"] for event in self.year.events]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(times[0], "2025-11-22T00:00:00Z")
        self.assertLess(times[-1], "2026-11-22T00:00:00Z")

    def test_the_shop_has_the_size_and_the_habits_that_the_readme_tells_of(self) -> None:
        placed = [event for event in self.year.events if event["type"] == "order.placed"]
        guests = [person for person in self.year.people if person.registered_at is None]
        buyers: dict[str, int] = {}
        for event in placed:
            email = event["data"]["customer"]["email"]
            buyers[email] = buyers.get(email, 0) + 1
        self.assertTrue(5_000 <= len(placed) <= 7_000, len(placed))
        self.assertTrue(0.18 <= len(guests) / len(self.year.people) <= 0.26)
        self.assertTrue(0.35 <= sum(count > 1 for count in buyers.values()) / len(buyers) <= 0.65)
        for kind in ("order.refunded", "order.cancelled", "order.delayed", "cart.updated", "newsletter.subscribed", "social.followed"):
            self.assertGreater(sum(event["type"] == kind for event in self.year.events), 50, kind)
        names = "".join(person.first_name + person.last_name for person in self.year.people)
        for letter in "şğİıçöü":
            self.assertIn(letter, names)

    def test_the_weeks_before_the_november_sales_and_mothers_day_sell_more(self) -> None:
        by_day: dict[str, int] = {}
        for event in self.year.events:
            if event["type"] == "order.placed":
                by_day[event["time"][:10]] = by_day.get(event["time"][:10], 0) + 1
        usual = sum(by_day.values()) / len(by_day)
        self.assertGreater(by_day["2026-11-11"], 2 * usual)
        self.assertGreater(sum(by_day[f"2026-05-0{day}"] for day in range(4, 10)) / 6, 1.2 * usual)

    def test_the_rules_notice_what_is_wrong(self) -> None:
        def broken(change) -> list[str]:
            events = self.year.events[:4_000]
            change(events)
            return faults(events)

        def first(events, kind):
            index = next(index for index, event in enumerate(events) if event["type"] == kind)
            events[index] = copy.deepcopy(events[index])
            return events[index]

        self.assertTrue(broken(lambda events: events.reverse()))
        self.assertTrue(broken(lambda events: events.append(events[-1])))
        self.assertTrue(broken(lambda events: events.remove(first(events, "order.shipped"))))
        self.assertTrue(broken(lambda events: first(events, "order.placed")["data"].update(total=1)))
        self.assertTrue(broken(lambda events: first(events, "order.placed")["data"].update(colour="red")))
        self.assertTrue(broken(lambda events: first(events, "order.refunded")["data"].update(amount=10_000_000)))
        self.assertTrue(broken(lambda events: first(events, "customer.created")["data"]["customer"].update(email="ali@gmail.com")))
        self.assertTrue(broken(lambda events: first(events, "cart.updated")["data"]["items"][0].update(quantity=0)))


class MoneyTests(unittest.TestCase):
    def test_parts_add_up_to_the_whole_and_follow_their_weights(self) -> None:
        for amount in (0, 1, 99, 100, 12_345):
            for weights in ([1], [1, 1, 1], [5, 0, 7], [9_999, 1, 333], [0, 0]):
                parts = spread(amount, weights)
                self.assertEqual(sum(parts), amount if sum(weights) else 0)
                for part, weight in zip(parts, weights):
                    self.assertLess(abs(part - amount * weight / max(sum(weights), 1)), 1)

    def test_the_tax_within_a_price_is_a_sixth_of_it_rounded(self) -> None:
        self.assertEqual([vat_within(amount) for amount in (0, 2, 3, 6, 120, 12_000)], [0, 0, 1, 1, 20, 2_000])


if __name__ == "__main__":
    unittest.main()
