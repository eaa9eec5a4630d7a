"""Many mappings changed at once, from a screen, a file or an example: what would happen, and then all of it or nothing.

`plan` decides and writes nothing; `change_mappings` decides again, alone, and writes.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from missions import sources
from missions.mapping import Worth, difference, refuse_points, refuse_unclean, take_turns, worth_of
from missions.models import Mapping, Mission
from salesos import audit
from salesos.errors import Refused
from salesos.models import User

MOST_DIGITS = 7
LEAST_POINTS = 1
"""What a newly mapped code is worth when nobody says and its mission has no other code to take after."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a code to lead to, as typed; without a mission it is to stop counting.

    `label` None leaves the label as it is. `shown` is the mark (`mark_of`) of what they saw of this code before; None
    compares with nothing. `line` says where in a file it stands.
    """

    code: str
    mission: str
    points: str
    label: str | None = ""
    shown: str | None = None
    line: int = 0


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"
    SAME = "same"
    CLASH = "clash"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of a wish. `saved` is the mapping as it is, None for a code that is not mapped."""

    wish: Wish
    effect: Effect
    saved: Mapping | None
    after: Worth | None = None
    error: str | StrPromise = ""

    @property
    def before(self) -> Worth | None:
        return worth_of(self.saved) if self.saved else None


@dataclass(frozen=True, slots=True)
class Plan:
    source: str
    lines: list[Line]
    new_missions: list[str]
    retired_missions: list[str]
    """Missions that codes are to lead to though they award nothing."""
    missions: dict[str, Mission] = field(repr=False, compare=False)
    """Those there are, by their folded names."""

    @property
    def is_refused(self) -> bool:
        return any(line.effect in (Effect.CLASH, Effect.REFUSED) for line in self.lines)

    @property
    def changes(self) -> list[Line]:
        return [line for line in self.lines if line.effect in (Effect.NEW, Effect.CHANGED, Effect.ENDED)]

    def count(self, effect: Effect) -> int:
        return sum(line.effect == effect for line in self.lines)


def mark_of(mission: str, points: str, label: str) -> str:
    """A short mark of what a code leads to, "" for nothing: two that differ were not the same."""
    if not (mission or points or label):
        return ""
    text = "\0".join(" ".join(each.split()) for each in (mission, points, label))
    return urlsafe_b64encode(blake2b(text.encode(), digest_size=6).digest()).decode()


def mark_of_worth(worth: Worth | None) -> str:
    return mark_of(worth.mission, str(worth.points), worth.label) if worth else ""


def folded(name: str) -> str:
    """A mission's name as it is looked up: in any case, however spaced."""
    return " ".join(name.split()).lower()


def plan(source: str, wishes: Iterable[Wish]) -> Plan:
    """What `change_mappings` would do now. Two statements."""
    return _Planner(source).plan(wishes)


@transaction.atomic
def change_mappings(source: str, wishes: Iterable[Wish], *, by: User | None) -> Plan:
    """Let codes lead where `wishes` say, for what arrives from now on: all of them, or none when the returned plan
    `is_refused`. Missions that nobody has are made. As many statements for a thousand as for one."""
    take_turns()
    decided = plan(source, wishes)
    if not decided.is_refused and decided.changes:
        _carry_out(decided, by)
    return decided


class _Planner:
    """The saved mappings and missions of a tenant, and what wishes would make of them."""

    def __init__(self, source: str) -> None:
        self.source = sources.source(source)
        rows = Mapping.objects.select_related("mission", "updated_by").filter(source=source)
        self.mappings = {row.code: row for row in rows}
        self.missions = {folded(mission.name): mission for mission in Mission.objects.all()}
        self.new: dict[str, str] = {}
        self.points = {
            folded(row.mission.name): row.points
            for row in sorted(self.mappings.values(), key=lambda row: row.updated_at)
        }

    def plan(self, wishes: Iterable[Wish]) -> Plan:
        lines, seen = [], set()
        for wish in wishes:
            line = self._line(wish)
            if wish.code in seen and line.effect != Effect.REFUSED:
                line = Line(wish, Effect.REFUSED, line.saved, error=_("This code is there twice."))
            seen.add(wish.code)
            lines.append(line)
        named = {line.after.mission for line in lines if line.after and line.effect != Effect.SAME}
        retired = sorted(each.name for each in self.missions.values() if not each.is_active and each.name in named)
        new = sorted({name for name in self.new.values() if name in named})
        return Plan(self.source.name, lines, new, retired, self.missions)

    def _line(self, wish: Wish) -> Line:
        saved = self.mappings.get(wish.code)
        try:
            self.source.refuse_unknown(wish.code)
            after = self._after(wish, saved)
        except Refused as refused:
            if self._is_stale(wish, saved):
                return self._clash(wish, saved, None)
            return Line(wish, Effect.REFUSED, saved, error=refused.message)
        before = worth_of(saved) if saved else None
        if after == before:
            return Line(wish, Effect.SAME, saved, after)
        if self._is_stale(wish, saved):
            return self._clash(wish, saved, after)
        effect = Effect.ENDED if after is None else Effect.CHANGED if before else Effect.NEW
        return Line(wish, effect, saved, after)

    def _is_stale(self, wish: Wish, saved: Mapping | None) -> bool:
        return wish.shown is not None and wish.shown != mark_of_worth(worth_of(saved) if saved else None)

    def _clash(self, wish: Wish, saved: Mapping | None, after: Worth | None) -> Line:
        return Line(wish, Effect.CLASH, saved, after, _("Somebody else changed this code meanwhile."))

    def _after(self, wish: Wish, saved: Mapping | None) -> Worth | None:
        label = (saved.label if saved else "") if wish.label is None else wish.label
        if not wish.mission:
            if wish.points or wish.label:
                raise Refused("no_mission", _("Choose a mission, too."), field="mission")
            return None
        refuse_unclean(Mapping(label=label), "label")
        name = self._mission(wish.mission)
        return Worth(name, self._points(wish, saved, name), label)

    def _mission(self, name: str) -> str:
        """The name as the mission has it, or will have it."""
        known = self.missions.get(folded(name))
        if known is not None:
            return known.name
        if folded(name) not in self.new:
            refuse_unclean(Mission(name=name), "name")
        return self.new.setdefault(folded(name), " ".join(name.split()))

    def _points(self, wish: Wish, saved: Mapping | None, mission: str) -> int:
        if not wish.points and saved is None:
            return self.points.get(folded(mission), LEAST_POINTS)
        text = wish.points
        if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
            raise Refused("bad_points", _("Points are a whole number."), field="points")
        return refuse_points(int(text))


def _carry_out(plan: Plan, by: User | None) -> None:
    missions: MappingOf[str, Mission] = {mission.name: mission for mission in plan.missions.values()} | {
        mission.name: mission
        for mission in Mission.objects.bulk_create(Mission(name=name) for name in plan.new_missions)
    }
    now = timezone.now()
    written = Mapping.objects.bulk_create(
        [
            Mapping(
                source=plan.source,
                code=line.wish.code,
                mission=missions[line.after.mission],
                points=line.after.points,
                label=line.after.label,
                updated_at=now,
                updated_by=by,
            )
            for line in plan.changes
            if line.after
        ],
        update_conflicts=True,
        unique_fields=["tenant", "source", "code"],
        update_fields=["mission", "points", "label", "updated_at", "updated_by"],
    )
    ended = [line.wish.code for line in plan.changes if line.after is None]
    if ended:
        Mapping.objects.filter(source=plan.source, code__in=ended).delete()
    by_code = {mapping.code: mapping for mapping in written}
    audit.record_many(
        [
            *(("mission.created", missions[name], {}) for name in plan.new_missions),
            *(_happened(line, by_code) for line in plan.changes),
        ],
        by=by,
    )


_ACTIONS = {Effect.NEW: "mapping.created", Effect.CHANGED: "mapping.changed", Effect.ENDED: "mapping.removed"}


def _happened(line: Line, written: MappingOf[str, Mapping]) -> tuple[str, Mapping, dict[str, tuple[object, object]]]:
    mapping = written.get(line.wish.code) or line.saved
    assert mapping is not None  # noqa: S101 - what ends was saved, what does not was written
    return _ACTIONS[line.effect], mapping, difference(line.before, line.after)
