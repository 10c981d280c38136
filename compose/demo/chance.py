"""Chance that repeats itself: whole numbers only, so that a seed means the same year on every machine and in every version of Python."""

from __future__ import annotations

import hashlib
from typing import Sequence, TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Chance:
    """SplitMix64. A stream has a name: drawing more in one stream changes nothing in the others."""

    def __init__(self, seed: int, name: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")

    def _next(self) -> int:
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, limit: int) -> int:
        """From 0 up to, not including, `limit`. The bias of the remainder is below 2^-40 for every limit used here."""
        return self._next() % limit

    def between(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def percent(self, share: float) -> bool:
        """True in `share` of a hundred cases, to a tenth of a percent."""
        return self.below(1000) < round(share * 10)

    def pick(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def weighted(self, weights: Sequence[int]) -> int:
        """The index of one of the weights, each as often as its weight says."""
        left = self.below(sum(weights))
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        raise ValueError("no weights")

    def middling(self, low: int, high: int) -> int:
        """Between the two, the middle most often: the mean of three draws."""
        return (self.between(low, high) + self.between(low, high) + self.between(low, high)) // 3
