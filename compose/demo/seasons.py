"""When people buy: weekdays, hours, and the days of the Turkish shopping year."""

from __future__ import annotations

from datetime import date, timedelta

# Monday to Sunday, by Istanbul's time.
_WEEKDAYS = (105, 100, 96, 100, 108, 90, 112)
_MONTHS = (92, 98, 100, 96, 102, 100, 90, 86, 98, 102, 118, 112)
#: How much of the day's buying falls into each hour in Istanbul: lunch and the late evening.
HOURS = (14, 7, 3, 2, 2, 3, 8, 18, 30, 42, 50, 56, 64, 58, 50, 48, 50, 52, 54, 62, 78, 92, 84, 44)

# The first day of the feasts, which move through the year.
_RAMAZAN = (
    date(2023, 4, 21),
    date(2024, 4, 10),
    date(2025, 3, 30),
    date(2026, 3, 20),
    date(2027, 3, 9),
    date(2028, 2, 26),
    date(2029, 2, 14),
)
_KURBAN = (
    date(2023, 6, 28),
    date(2024, 6, 16),
    date(2025, 6, 6),
    date(2026, 5, 27),
    date(2027, 5, 16),
    date(2028, 5, 5),
    date(2029, 4, 24),
)


def mothers_day(year: int) -> date:
    """The second Sunday of May."""
    first = date(year, 5, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7)


def campaign(day: date) -> tuple[str, int] | None:
    """The code that the shop gives out on a day, and its percent."""
    if date(day.year, 2, 5) <= day <= date(day.year, 2, 14):
        return "SEVGI15", 15
    if mothers_day(day.year) - timedelta(days=8) <= day <= mothers_day(day.year):
        return "ANNE20", 20
    if date(day.year, 11, 8) <= day <= date(day.year, 11, 12) or date(day.year, 11, 22) <= day <= date(day.year, 11, 30):
        return "KASIM25", 25
    if any(timedelta() < feast - day <= timedelta(days=9) for feast in _RAMAZAN + _KURBAN):
        return "BAYRAM10", 10
    return None


def weight(day: date) -> int:
    """How much is bought on a day, against the others."""
    amount = _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] // 100
    gift_days = (date(day.year, 2, 14), mothers_day(day.year), date(day.year, 12, 31))
    for gift in gift_days:
        ahead = (gift - day).days
        if 1 <= ahead <= 8:
            amount = amount * (130 + 12 * (8 - ahead) // 2) // 100
    for feast in _RAMAZAN + _KURBAN:
        ahead = (feast - day).days
        if 2 <= ahead <= 11:
            amount = amount * 150 // 100
        elif -3 <= ahead <= 1:
            # Everybody is with the family, and no parcel moves.
            amount = amount * 45 // 100
    if day.month == 11 and (8 <= day.day <= 12 or day.day >= 22):
        amount = amount * 240 // 100
    if day.month == 11 and day.day == 11:
        amount = amount * 150 // 100
    return amount


def carriers_rest(day: date) -> bool:
    return day.weekday() == 6 or any(0 <= (day - feast).days <= 2 for feast in _RAMAZAN + _KURBAN)
