"""A foreign key that cannot cross tenants: (tenant, other row) → (tenant, id), checked by the database.

`ForeignKey(..., db_constraint=False)` beside a `SameTenant` constraint on the same field gives Django its relation and
the database its guard. Django alone accepts another tenant's id in `full_clean()` and `save()`; this refuses both.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from salesos.tenancy import Tenanted


class SameTenant(models.BaseConstraint):
    """`field` may only name a row of the same tenant. The model it points to has (tenant, id) as a unique constraint.

    An empty foreign key passes, as in SQL's MATCH SIMPLE.
    """

    default_violation_error_message = _("This choice does not exist.")

    def __init__(self, *, field: str, name: str, **options: Any) -> None:
        super().__init__(name=name, **options)
        self.field = field

    def _foreign_key(self, model: type[models.Model]) -> models.ForeignKey[Any, Any]:
        return cast("models.ForeignKey[Any, Any]", model._meta.get_field(self.field))

    # Django always gives a model and an editor here, whatever its signatures allow for.

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        # Deferred to the end of the migration: the table that it points to may not have its unique constraint yet.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        field, quote = self._foreign_key(model), schema_editor.quote_name
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} "
            f"FOREIGN KEY (tenant_id, {quote(field.column)}) "
            f"REFERENCES {quote(field.related_model._meta.db_table)} (tenant_id, id)"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"

    def validate(
        self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = "default"
    ) -> None:
        """Raise `ValidationError` on the field when it names another tenant's row, in the words of an unknown one."""
        if exclude and self.field in exclude:
            return
        field = self._foreign_key(model)
        other_id = getattr(instance, field.attname)
        if other_id is None:
            return
        # Inside the tenant of the row, or not at all: a row of another one raises here.
        cast("Tenanted", instance).take_tenant()
        others = cast("type[Tenanted]", field.related_model).objects
        if not others.using(using).filter(pk=other_id).exists():
            raise ValidationError({self.field: self.get_violation_error_message()})

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, options = super().deconstruct()
        return path, args, {**options, "field": self.field}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SameTenant):
            return NotImplemented
        return (self.name, self.field) == (other.name, other.field)

    def __hash__(self) -> int:
        return hash((self.name, self.field))
