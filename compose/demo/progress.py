"""A progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time


def number(value: int) -> str:
    return f"{value:,}"


class Progress:
    """Shows how many of `total` events are done. Only what is acknowledged counts, so the bar never runs ahead."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, max(total, 1)
        self._began = time.monotonic()
        self._terminal = sys.stdout.isatty()
        self._said = -1
        self.show(0)

    def show(self, done: int, note: str = "") -> None:
        share = done * 100 // self._total
        seconds = time.monotonic() - self._began
        rate = f"{number(round(done / seconds))} events/s" if done and seconds > 0.2 else ""
        words = f"{share:3d} %  {number(done)} of {number(self._total)}  {rate}  {note}".rstrip()
        if self._terminal:
            columns = shutil.get_terminal_size().columns
            width = max(10, min(32, columns - len(self._label) - 58))
            full = share * width // 100
            text = f"  {self._label}  {'█' * full}{'░' * (width - full)}  {words}"[: columns - 1]
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif share // 10 > self._said // 10 or self._said < 0:
            self._said = share
            print(f"  {self._label}  {words}", flush=True)

    def end(self) -> None:
        if self._terminal:
            print(flush=True)
