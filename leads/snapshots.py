"""A lead as JSON, so that it can be brought back exactly; and which of the values that it took over still stand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from leads.models import Lead
from salesos.tenancy import current_tenant

Taken = Mapping[str, Sequence[Any]]
"""Field → [before, after], as `kept_as` has them."""


def taken(lead: Lead) -> dict[str, Any]:
    """Every column of `lead` but its tenant's, as JSON has it."""
    columns = [field.attname for field in Lead._meta.concrete_fields if field.name != "tenant"]
    kept: dict[str, Any] = json.loads(to_json({name: getattr(lead, name) for name in columns}))
    return kept


def restored(kept: Mapping[str, Any]) -> Lead:
    """The lead that `taken` was made of, not yet saved."""
    values = {
        field.attname: field.to_python(kept[field.attname])
        for field in Lead._meta.concrete_fields
        if field.attname in kept
    }
    return Lead(tenant=current_tenant(), **values)


def kept_as(name: str, value: Any) -> Any:
    return (value.pk if value else None) if name == "owner" else value


def is_same(was: Any, now: Any) -> bool:
    """As JSON: to Python, 1 and true and 1.0 are the same."""
    return json.dumps(was, sort_keys=True) == json.dumps(now, sort_keys=True)


def given_back(lead: Lead, kept: Taken) -> dict[str, Any]:
    """What of the values that `lead` took over goes back, as column → value: that which still stands as it came. Tags
    and custom fields are looked at one by one."""
    back: dict[str, Any] = {}
    for name, (before, after) in kept.items():
        column = "owner_id" if name == "owner" else name
        now = getattr(lead, column)
        if is_same(now, after):
            back[column] = before
        elif name == "tags":
            back[column] = [tag for tag in now if tag in before or tag not in after]
        elif name == "custom_fields":
            back[column] = _fields_back(now, before, after)
    return back


def _fields_back(now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    # None is no value of a custom field: it stands for one that was not there.
    fields = dict(now)
    for key, value in after.items():
        if not is_same(before.get(key), value) and is_same(now.get(key), value):
            fields[key] = before.get(key)
    return {key: value for key, value in fields.items() if value is not None}
