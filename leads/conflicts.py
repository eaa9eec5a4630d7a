"""Refusals that are about how things are now, not about the input."""

import uuid

from django.utils.translation import gettext_lazy as _

from salesos.errors import Clash


class EmailTaken(Clash):
    """Another lead has the e-mail: `other_id`."""

    def __init__(self, holder: uuid.UUID) -> None:
        super().__init__("email_taken", _("A lead with this e-mail exists already."), field="email", other_id=holder)
