"""`python -m tests.screenshots` takes the README's pictures; `--all FOLDER` one of every screen in every guise."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import CHROMIUM, FLAGS
from tests.screenshots.installation import ROOT, Installation, installed, speak

PICTURES = ROOT / ".github" / "screenshots"
README = {
    "overview": "/dashboard/",
    "configure": "/dashboard/missions/configure/",
    "leaderboard": "/dashboard/missions/leaderboard/",
    "request-log": "/dashboard/salesos/requestlog/",
    "pipeline": "/dashboard/pipeline/",
    "leads": "/dashboard/leads/",
}
ADMIN = "admin@demo.example"
SCHEMES = ("light", "dark")
WIDTHS = {1440: 900, 390: 844}
LANGUAGES = ("en", "pt-br", "es")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument(
        "--all", metavar="FOLDER", type=Path, help="every screen: light, dark, wide, narrow, translated"
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="with --all: addresses that contain this")
    options = parser.parse_args()
    with installed() as installation, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        if options.all:
            every_screen(browser, installation, options.all, options.only)
        else:
            for_readme(browser, installation)
        browser.close()
    return 0


def for_readme(browser: Browser, installation: Installation) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        page = signed_in(browser, installation, scheme=scheme, width=1440)
        for name, address in README.items():
            page.goto(address, wait_until="networkidle")
            page.screenshot(path=PICTURES / f"{name}-{scheme}.png")
        page.context.close()


def every_screen(browser: Browser, installation: Installation, folder: Path, only: str) -> None:
    for language in LANGUAGES:
        speak(language)
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = signed_in(browser, installation, scheme=scheme, width=width, language=language)
                for address in [address for address in sidebar(page) if only in address]:
                    page.goto(address, wait_until="networkidle")
                    name = address.strip("/").replace("/", "-")
                    place = folder / name
                    place.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=place / f"{language}-{scheme}-{width}.png", full_page=True)
                    print(place.name, language, scheme, width, flush=True)  # noqa: T201  # progress
                page.context.close()


def sidebar(page: Page) -> Iterator[str]:
    items = page.locator("#nav-sidebar-apps a")
    return (str(items.nth(number).get_attribute("href")) for number in range(items.count()))


def signed_in(browser: Browser, installation: Installation, *, scheme: str, width: int, language: str = "en") -> Page:
    context = browser.new_context(
        base_url=installation.url,
        color_scheme=scheme,
        locale=language,
        viewport={"width": width, "height": WIDTHS[width]},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/dashboard/")
    page.locator("[name=username], [name=login]").fill(ADMIN)
    page.locator("[name=password]").fill(installation.password)
    page.locator("[type=submit]").first.click()
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    return page


if __name__ == "__main__":
    sys.exit(main())
