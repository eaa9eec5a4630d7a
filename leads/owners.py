"""Who owns what: a collaborator, by the record of the person that counts."""

import uuid

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from salesos.errors import Refused
from salesos.models import Collaborator


def owner_of_id(public_id: uuid.UUID) -> Collaborator:
    """The person with this public id, with team; of a record that was merged into another, that one.

    Raises `Refused` for an id that no collaborator of the tenant has.
    """
    found = Collaborator.objects.select_related("team", "merged_into__team").filter(public_id=public_id).first()
    if found is None:
        raise Refused("unknown_owner", _("There is no collaborator with this id."), field="owner_id")
    return found.merged_into or found


def records_of(person: Collaborator) -> Q:
    """What the rows are found by that belong to `person`, also under a record that was merged into theirs."""
    return Q(owner=person) | Q(owner__merged_into=person)


def counted(owner: Collaborator | None) -> Collaborator | None:
    """The record that is shown in the place of `owner`."""
    return owner.merged_into or owner if owner else None
