"""What the bench is doing, on stderr."""

import sys
import time

_started = time.monotonic()


def say(text: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - _started:6.1f} s] {text}\n")
    sys.stderr.flush()
