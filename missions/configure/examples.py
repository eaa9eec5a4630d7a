"""Two mappings to start from, as the guide of the Default integration has them."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions.changes import Wish


@dataclass(frozen=True, slots=True)
class Example:
    """`codes`: code, label, mission, points."""

    name: str
    title: StrPromise
    codes: tuple[tuple[str, StrPromise, StrPromise, int], ...]

    def wishes(self) -> list[Wish]:
        """In the language of now."""
        return [
            Wish(code, str(mission), str(points), str(label), line=number)
            for number, (code, label, mission, points) in enumerate(self.codes, start=1)
        ]


EXAMPLES = {
    example.name: example
    for example in (
        Example(
            "real-estate",
            _("Real estate"),
            (
                ("001", _("Phone call to prospect"), _("Calls Made"), 5),
                ("002", _("Meeting (in-person or video)"), _("Meetings Scheduled"), 15),
                ("003", _("Proposal sent"), _("Proposals Sent"), 20),
                ("004", _("Contract signed"), _("Contracts Closed"), 50),
                ("005", _("Property visit with client"), _("Visits Made"), 25),
                ("006", _("Follow-up email sent"), _("Follow-ups Sent"), 3),
                ("007", _("Lead qualification completed"), _("Leads Qualified"), 10),
            ),
        ),
        Example(
            "saas",
            _("SaaS"),
            (
                ("001", _("Discovery call"), _("Discovery Calls"), 10),
                ("002", _("Product demo scheduled"), _("Demos Scheduled"), 20),
                ("003", _("Trial started"), _("Trials Started"), 15),
                ("004", _("Proposal sent"), _("Proposals Sent"), 25),
                ("005", _("Deal closed"), _("Deals Closed"), 100),
            ),
        ),
    )
}
