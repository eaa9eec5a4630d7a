"""Refusals that are about how things are now, not about the input."""

import uuid

from django.utils.translation import gettext_lazy as _

from salesos.errors import Clash


class EmailTaken(Clash):
    """Another lead has the e-mail: `other_id`. Or a lead with it was merged into that one (`leads.merging`)."""

    def __init__(self, holder: uuid.UUID, *, after_merge: bool = False) -> None:
        message = (
            _("A lead with this e-mail was merged into another one.")
            if after_merge
            else _("A lead with this e-mail exists already.")
        )
        super().__init__("email_taken", message, field="email", other_id=holder)
