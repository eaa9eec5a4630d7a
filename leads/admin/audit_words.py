"""What the audit trail calls the things that happen to leads and deals by hand of a user."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

WORDS: dict[str, StrPromise] = {
    "lead.merged": _("Two leads merged"),
    "lead.unmerged": _("Merge of two leads undone"),
    "lead.address_let_go": _("Address of a merged lead let go"),
    "lead.kept_apart": _("Leads kept apart"),
}
