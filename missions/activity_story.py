"""Why an activity counted, or did not: only what is known, never a guess."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions.models import Activity, Mapping
from salesos.models import Collaborator
from salesos.moments import shown_moment


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of an activity, a sentence each. `is_appliable`: Configure could count it now."""

    sentences: list[StrPromise | str]
    is_appliable: bool = False


def story_of(activity: Activity) -> Story:
    """Two statements at most."""
    mapping = Mapping.objects.select_related("mission").filter(source=activity.source, code=activity.code).first()
    told = list(_counted(activity, mapping) if activity.is_completion else _uncounted(activity, mapping))
    told.extend(_for_whom(activity.collaborator))
    return Story(told, not activity.is_completion and mapping is not None and mapping.mission.is_active)


def _counted(activity: Activity, mapping: Mapping | None) -> Iterator[StrPromise | str]:
    points = activity.points or 0
    mission = activity.mission.name if activity.mission else ""
    yield _("It counts for “%(mission)s” with %(points)s points, fixed when it was counted.") % {
        "mission": mission,
        "points": number_format(points, force_grouping=True),
    }
    if mapping is None:
        yield _("Its code is not mapped any more; what was earned stays.")
    elif (mapping.mission_id, mapping.points) != (activity.mission_id, activity.points):
        yield _("Today its code leads to “%(mission)s” for %(points)s points; what was earned stays.") % {
            "mission": mapping.mission.name,
            "points": number_format(mapping.points, force_grouping=True),
        }


def _uncounted(activity: Activity, mapping: Mapping | None) -> Iterator[StrPromise | str]:
    if mapping is None:
        yield _("It counts for nothing: its code is not mapped to a mission.")
        return
    names = {"mission": mapping.mission.name, "at": _told_moment(mapping)}
    if mapping.updated_at > activity.received_at:
        told = _("It counts for nothing: the mapping of its code to “%(mission)s” was saved after it arrived (%(at)s).")
    else:
        # Whatever arrives for a mapped code counts, unless the mission is inactive at that moment.
        told = _(
            "It counts for nothing, although its code was mapped (%(at)s) before it arrived: a mission that is "
            "inactive awards nothing."
        )
    yield told % names
    if not mapping.mission.is_active:
        yield _("“%(mission)s” is inactive now.") % names


def _for_whom(record: Collaborator) -> Iterator[StrPromise | str]:
    person = record.merged_into or record
    if record.merged_into is not None:
        yield _("It was recorded for %(email)s, a record that was merged into %(name)s: it counts there.") % {
            "email": record.email,
            "name": person.name,
        }
    if not person.is_active:
        yield _("%(name)s is inactive now and on no board.") % {"name": person.name}


def _told_moment(mapping: Mapping) -> str:
    return shown_moment(mapping.updated_at)
