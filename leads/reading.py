"""Read a lead or a deal by itself; take it to change it: locked, and as the caller believes it to be."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from leads.models import Deal, Lead, Stage
from salesos.database import run
from salesos.errors import Refused
from salesos.models import Collaborator, Team
from salesos.tenancy import current_tenant

Guard = Callable[[int], None] | None
"""Called with the version of the row once it is locked; raises where the caller meant another one."""


def find_lead(public_id: uuid.UUID) -> Lead | None:
    """The current tenant's lead with this id, its owner with team and surviving record read along."""
    return _read(f"{_LEAD} AND lead.public_id = %s", public_id)


def locked_lead(lead: Lead, guard: Guard = None) -> Lead:
    """`lead` as it is now, locked until the transaction ends. Raises `Lead.DoesNotExist` once it is gone."""
    row = _read(f"{_LEAD} AND lead.id = %s FOR UPDATE OF lead", lead.pk)
    if row is None:
        raise Lead.DoesNotExist
    if guard is not None:
        guard(row.version)
    return row


def locked_deal(deal: Deal, guard: Guard = None) -> Deal:
    """As `locked_lead`."""
    rows = Deal.objects.select_related("owner__team", "owner__merged_into__team", "stage__pipeline", "lead")
    row: Deal = rows.select_for_update(of=("self",)).get(pk=deal.pk)
    if guard is not None:
        guard(row.version)
    return row


def held_stage(stage: Stage) -> Stage:
    """`stage`, of the kind that it is now: neither that nor its being there changes until the transaction ends.

    Those who move deals don't wait for each other, only for whoever changes the stage (`leads.stages`). Raises
    `Refused` once the stage is gone.
    """
    found = run(_HOLD, [current_tenant().pk, stage.pk])
    if not found:
        raise Refused("unknown_stage", _("There is no stage with this id."), field="stage_id")
    ((stage.kind,),) = found
    return stage


_HOLD = "SELECT kind FROM leads_stage WHERE tenant_id = %s AND id = %s AND position IS NOT NULL FOR KEY SHARE"


class _Columns(NamedTuple):
    """Those of a model in a statement written by hand."""

    model: type[models.Model]
    names: list[str]
    convert: dict[int, Callable[..., Any]]

    @classmethod
    def of(cls, model: type[models.Model]) -> "_Columns":
        fields = model._meta.concrete_fields
        converted = {place: field for place, field in enumerate(fields) if hasattr(field, "from_db_value")}
        return cls(
            model, [field.attname for field in fields], {place: f.from_db_value for place, f in converted.items()}
        )

    def sql(self, alias: str) -> str:
        return ", ".join(f"{alias}.{name}" for name in self.names)

    def built(self, values: Sequence[Any]) -> Any:
        """The row; None for the empty one of an outer join."""
        if values[0] is None:
            return None
        read = list(values)
        for place, convert in self.convert.items():
            read[place] = convert(read[place], None, connection)
        return self.model.from_db("default", self.names, read)


_LEADS, _PEOPLE, _TEAMS = _Columns.of(Lead), _Columns.of(Collaborator), _Columns.of(Team)
_PARTS = (("lead", _LEADS), ("owner", _PEOPLE), ("team", _TEAMS), ("survivor", _PEOPLE), ("survivor_team", _TEAMS))

# By hand, since every write pays for it: the ORM takes five times as long over the same statement.
_LEAD = f"""
SELECT {", ".join(columns.sql(alias) for alias, columns in _PARTS)}
FROM leads_lead AS lead
LEFT JOIN salesos_collaborator AS owner ON owner.tenant_id = lead.tenant_id AND owner.id = lead.owner_id
LEFT JOIN salesos_team AS team ON team.tenant_id = owner.tenant_id AND team.id = owner.team_id
LEFT JOIN salesos_collaborator AS survivor
    ON survivor.tenant_id = owner.tenant_id AND survivor.id = owner.merged_into_id
LEFT JOIN salesos_team AS survivor_team
    ON survivor_team.tenant_id = survivor.tenant_id AND survivor_team.id = survivor.team_id
WHERE lead.tenant_id = %s
"""


def _read(statement: str, sought: object) -> Lead | None:
    found = run(statement, [current_tenant().pk, sought])
    if not found:
        return None
    values, parts = found[0], []
    for _alias, columns in _PARTS:
        parts.append(columns.built(values[: len(columns.names)]))
        values = values[len(columns.names) :]
    lead, owner, team, survivor, survivor_team = parts
    # What isn't set here, because the owner changed while the lock was waited for, is read when it is asked for.
    if owner is not None:
        lead.owner = owner
        if team is not None:
            owner.team = team
    if survivor is not None:
        owner.merged_into = survivor
        if survivor_team is not None:
            survivor.team = survivor_team
    return lead
