"""Leads as a source of activities, and compensations that name the activity whose points they move."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import salesos.constraints

WITHOUT_DIGITS = models.Func(
    models.F("code"),
    models.Value("0123456789"),
    models.Value(""),
    function="translate",
    output_field=models.CharField(),
)
CODE_OF_ITS_SOURCE = (
    ~models.Q(source="default")
    | (
        models.Q(django.db.models.lookups.Exact(django.db.models.functions.text.Length("code"), 3))
        & models.Q(django.db.models.lookups.Exact(WITHOUT_DIGITS, models.Value("")))
        & ~models.Q(code="000")
    )
) & (
    ~models.Q(source="leads")
    | models.Q(code__in=("lead.created", "lead.contacted", "lead.qualified", "lead.converted", "deal.won"))
)
GUARDED = {
    "activity": "activity_code_of_its_source",
    "mapping": "mapping_code_of_its_source",
    "unmatchedactivity": "unmatched_code_of_its_source",
}

FIXED = """
CREATE OR REPLACE FUNCTION missions_adjustment_is_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.tenant_id, OLD.points, OLD.completions, OLD.day, OLD.reason, OLD.kind, OLD.created_at)
        IS DISTINCT FROM (NEW.tenant_id, NEW.points, NEW.completions, NEW.day, NEW.reason, NEW.kind, NEW.created_at)
        OR (OLD.team_id, OLD.mission_id, OLD.author_id) IS DISTINCT FROM (NEW.team_id, NEW.mission_id, NEW.author_id)
        {activity}
    THEN
        RAISE EXCEPTION 'adjustments are append-only: post another one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("missions", "0002_evidence")]

    operations = [
        *(migrations.RemoveConstraint(model_name=model, name=name) for model, name in GUARDED.items()),
        *(
            migrations.AddConstraint(
                model_name=model, constraint=models.CheckConstraint(condition=CODE_OF_ITS_SOURCE, name=name)
            )
            for model, name in GUARDED.items()
        ),
        migrations.AddField(
            model_name="adjustment",
            name="activity",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="compensations",
                to="missions.activity",
                verbose_name="activity",
            ),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(
                condition=models.Q(("activity__isnull", False)),
                fields=["tenant", "activity"],
                name="adjustment_by_activity",
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=salesos.constraints.SameTenant(field="activity", name="adjustment_activity_same_tenant"),
        ),
        migrations.RunSQL(
            FIXED.format(activity="OR OLD.activity_id IS DISTINCT FROM NEW.activity_id"), FIXED.format(activity="")
        ),
    ]
