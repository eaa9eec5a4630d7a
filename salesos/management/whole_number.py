"""Numbers on the command line."""

import argparse
from collections.abc import Callable


def whole_number(*, least: int = 1, most: int) -> Callable[[str], int]:
    """A `type=` for arguments that are whole numbers within bounds, which its error names."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return parse
