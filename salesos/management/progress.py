"""How far a command is, in one line of a terminal that is written over and over; in a file or pipe, nothing."""

import shutil
import time
from typing import TextIO

from django.core.management.base import OutputWrapper

EVERY = 0.1
"""Seconds between two looks."""


class Progress:
    """A bar of `total` (bytes, rows, whatever) on `out`, with a text behind it. Use as a context manager."""

    def __init__(self, out: TextIO | OutputWrapper, *, total: int) -> None:
        self._out, self._total = out, total
        self._is_shown = out.isatty()
        self._next_at, self._width = 0.0, 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()

    def show(self, done: int, text: str) -> None:
        now = time.monotonic()
        if not self._is_shown or now < self._next_at:
            return
        self._next_at = now + EVERY
        share = min(done / self._total, 1) if self._total else 1
        columns = shutil.get_terminal_size().columns - 1
        length = max(min(30, columns - len(text) - 9), 0)
        filled = round(share * length)
        line = f"[{'#' * filled}{'.' * (length - filled)}] {share:4.0%}  {text}"[:columns]
        self._out.write("\r" + line.ljust(self._width))
        self._out.flush()
        self._width = len(line)

    def clear(self) -> None:
        """Leave the line empty, for something else to be written."""
        if self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()
            self._width = 0
