"""Leads' section of the sidebar."""

from django.utils.translation import gettext_lazy as _

from salesos.admin.sidebar import Section, screen_item


def section() -> Section:
    return Section(
        _("Leads"),
        (
            screen_item("leads", "contact_page"),
            screen_item("pipeline", "view_kanban"),
            screen_item("deals", "handshake"),
            screen_item("lead_duplicates", "content_copy"),
        ),
    )
