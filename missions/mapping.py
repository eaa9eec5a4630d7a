"""Which code is worth what from now on: mappings set and removed, missions named and retired, codes that arrived.

Many at once: `missions.changes`. The past: `missions.applying`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, Sum, Value
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from missions import sources
from missions.models import Activity, Mapping, Mission, ReceivedCode
from missions.models.mission import MOST_POINTS
from salesos import audit
from salesos.errors import Refused
from salesos.models import Tenant, User
from salesos.tenancy import current_tenant


@dataclass(frozen=True, slots=True)
class Worth:
    """What a code leads to, in the words of screens and files."""

    mission: str
    points: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class CodeReceived:
    """A code as Configure shows it: what arrived of it, what of that counts for nothing yet, and where it leads."""

    code: str
    received: int
    """Since the day that was asked for."""
    last_received_at: datetime | None
    uncounted: int
    """Of all time."""
    mapping: Mapping | None


@transaction.atomic
def set_mapping(
    source: str, code: str, *, mission: Mission, points: int, by: User | None = None, label: str | None = None
) -> Mapping:
    """Let `code` of `source` lead to `mission` for `points`, for what arrives from now on. `label` None leaves it as it
    is. Raises `Refused`."""
    sources.source(source).refuse_unknown(code)
    if not Mission.objects.filter(pk=mission.pk).exists():
        raise Refused("unknown_mission", _("There is no such mission."), field="mission")
    changes: dict[str, Any] = {"mission": mission, "points": refuse_points(points), "updated_by": by}
    if label is not None:
        changes["label"] = label.strip()
        refuse_unclean(Mapping(label=changes["label"]), "label")
    take_turns()
    before = Mapping.objects.select_related("mission").filter(source=source, code=code).first()
    mapping = Mapping.objects.update_or_create(source=source, code=code, defaults=changes)[0]
    told = difference(worth_of(before) if before else None, worth_of(mapping))
    if told:
        audit.record("mapping.changed" if before else "mapping.created", mapping, changes=told, by=by)
    return mapping


@transaction.atomic
def remove_mapping(source: str, code: str, *, by: User | None) -> None:
    """Stop counting `code`. Points that were earned stay. Raises `Refused` when it is not mapped."""
    take_turns()
    mapping = Mapping.objects.select_related("mission").filter(source=source, code=code).first()
    if mapping is None:
        raise not_mapped(code)
    audit.record("mapping.removed", mapping, changes=difference(worth_of(mapping), None), by=by)
    mapping.delete()


@transaction.atomic
def mission_named(name: str, *, by: User | None = None) -> Mission:
    """The mission of this name, in any case; made when there is none. Raises `Refused` for a name that can't be one."""
    name = name.strip()
    refuse_unclean(Mission(name=name), "name")
    mission, is_new = Mission.objects.annotate(folded=Lower("name")).get_or_create(
        folded__exact=Lower(Value(name)), defaults={"name": name}
    )
    if is_new:
        audit.record("mission.created", mission, by=by)
    return mission


@transaction.atomic
def set_active(missions: Iterable[Mission], *, is_active: bool, by: User | None = None) -> int:
    """Retire `missions`, or bring them back; how many were not that way before. What they awarded stays."""
    ids = [mission.pk for mission in missions]
    changed = list(Mission.objects.select_for_update().filter(pk__in=ids, is_active=not is_active).order_by("pk"))
    Mission.objects.filter(pk__in=[mission.pk for mission in changed]).update(is_active=is_active)
    action, told = "mission.brought_back" if is_active else "mission.retired", {"is_active": (not is_active, is_active)}
    audit.record_many([(action, mission, told) for mission in changed], by=by)
    return len(changed)


def take_turns() -> None:
    """Have whoever else changes mappings of this tenant wait until the surrounding transaction ends.

    So that what was compared with the saved mappings still holds when it is written. Recording does not wait.
    """
    Tenant.objects.select_for_update(no_key=True).filter(pk=current_tenant().pk).values_list("pk").get()


def worth_of(mapping: Mapping) -> Worth:
    return Worth(mapping.mission.name, mapping.points, mapping.label)


def difference(before: Worth | None, after: Worth | None) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) of what differs, for the audit trail."""
    pairs = {name: (getattr(before, name, None), getattr(after, name, None)) for name in ("mission", "points", "label")}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and pair not in (("", None), (None, ""))}


def refuse_points(points: int) -> int:
    """`points` itself; raises `Refused` for more or fewer than a code may be worth."""
    if not 0 <= points <= MOST_POINTS:
        message = _("Expected 0 to %(most)d points.") % {"most": MOST_POINTS}
        raise Refused("points_out_of_range", message, field="points")
    return points


def refuse_unclean(row: Mapping | Mission, field: str) -> None:
    """Raise `Refused` when this field of the row could not be saved."""
    others = {each.name for each in row._meta.fields} - {field}
    try:
        row.clean_fields(exclude=others)
    except ValidationError as error:
        raise Refused("invalid", error.message_dict[field][0], field=field) from None


def not_mapped(code: str) -> Refused:
    return Refused("not_mapped", _("Code %(code)s is not mapped.") % {"code": code}, field="code")


def received_codes(source: str, *, since: date) -> list[CodeReceived]:
    """Every code of `source` that was ever received or is mapped, in order. `since` is the first day that `received`
    counts (`periods.last_days`). Three statements."""
    sources.source(source)
    received = {
        row["code"]: row
        for row in ReceivedCode.objects.filter(source=source)
        .values("code")
        .annotate(count=Coalesce(Sum("received", filter=Q(day__gte=since)), 0), last=Max("last_received_at"))
        .order_by()
    }
    uncounted = dict(
        Activity.objects.uncounted().filter(source=source).values_list("code").annotate(Count("pk")).order_by()
    )
    mappings = {row.code: row for row in Mapping.objects.select_related("mission").filter(source=source)}
    return [
        CodeReceived(
            code=code,
            received=received[code]["count"] if code in received else 0,
            last_received_at=received[code]["last"] if code in received else None,
            uncounted=uncounted.get(code, 0),
            mapping=mappings.get(code),
        )
        for code in sorted(received.keys() | uncounted.keys() | mappings.keys())
    ]
