"""The last two steps to a tenant's first point, and whether it has been made."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from missions.models import Activity, Mapping, Score
from salesos.admin.acting import DashboardRequest
from salesos.admin.first_steps import Step, snippet


def is_new() -> bool:
    """A point is made by a completion; what was given by hand is none."""
    return not Score.objects.filter(completions__gt=0).exists()


def steps(request: DashboardRequest) -> Iterator[Step]:
    has_activities = Activity.objects.exists()
    is_mapped = Mapping.objects.exists()
    now = timezone.localtime().isoformat(timespec="seconds")
    yield Step(
        _("Send activities"),
        _("Numbered 001 to 999, from your CRM; what they mean is yours to say."),
        _("To the activities"),
        reverse("admin:missions_activity_changelist"),
        has_activities,
        snippet(
            request,
            '{"action": "sync_activities", "activities": [{"activity_code": "001", "external_id": "call-1",\n'
            f'       "collaborator_email": "maria@yourcompany.com", "occurred_at": "{now}"}}]}}',
        ),
    )
    waits = has_activities and is_mapped
    yield Step(
        _("Map codes to missions"),
        _("Your codes count from now on. Apply the mapping to what was received before, and the first point is there.")
        if waits
        else _("Which code counts for which mission, and how many points."),
        _("Apply to activities already received") if waits else _("To Configure"),
        reverse("admin:configure_apply" if waits else "admin:configure"),
        is_mapped,
    )
