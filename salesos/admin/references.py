"""Whether anything names a row: what is in use is retired, never deleted."""

from typing import cast

from django.db.models import ForeignObjectRel

from salesos.tenancy import Tenanted


def is_referenced(row: Tenanted) -> bool:
    """Whether any other row of the tenant names `row`, across all packages. May read a big table: ask when deleting."""
    # Inside the tenant of the row, or not at all: a row of another one raises here.
    row.take_tenant()
    return any(
        cast(type[Tenanted], relation.related_model).objects.filter(**{relation.field.name: row.pk}).exists()
        for relation in row._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel)
    )
