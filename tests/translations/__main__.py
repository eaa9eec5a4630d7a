"""`python -m tests.translations`: bring the catalogues up to date and say what is left to translate."""

import sys

from tests.translations.catalogues import LOCALES, untranslated, update


def main() -> int:
    left = 0
    for locale in LOCALES.values():
        open_texts = untranslated(update(locale))
        left += len(open_texts)
        for text in open_texts:
            print(f"{locale}: {text}")  # noqa: T201  # a command's output
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
