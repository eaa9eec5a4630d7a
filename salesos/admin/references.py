"""Whether anything names a row: what is in use is retired, never deleted."""

from django.db.models import ForeignObjectRel

from salesos.tenancy import Tenanted


def is_referenced(row: Tenanted) -> bool:
    """Whether any other row of the tenant names `row`, across all packages. May read a big table: ask when deleting."""
    return any(
        relation.related_model._base_manager.filter(tenant_id=row.tenant_id, **{relation.field.name: row.pk}).exists()
        for relation in row._meta.get_fields(include_hidden=True)
        if isinstance(relation, ForeignObjectRel)
    )
