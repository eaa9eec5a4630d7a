"""Leads' section of the sidebar."""

from django.utils.translation import gettext_lazy as _

from salesos.admin.sidebar import Section


def section() -> Section:
    return Section(_("Leads"), ())
