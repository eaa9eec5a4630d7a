"""What missions hear of the pipeline (`salesos.events`), without knowing the package that has it."""

from missions.pipeline import settle
from salesos import events

PIPELINE = ("lead.*", "deal.*")
"""Every event of a lead or deal says how it is now, and that is all that counts."""


def subscribe() -> None:
    events.subscribe(PIPELINE, settle)
