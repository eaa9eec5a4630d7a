"""Leads that became one, leads that are not, and what tells of two that they may be the same."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import salesos.constraints

# Not STRICT, so that each is written out into the statements and indexes that use it, and costs no call.
KEYS = r"""
-- The first number that stands there, up to an extension or another number (but 0171/234 is one): without signs, a
-- trunk zero in brackets, and leading zeros (the trunk's, or those of an international call).
CREATE FUNCTION leads_digits(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ltrim(
        regexp_replace(
            replace(substring(phone FROM '[0-9+](?:[^[:alpha:]#;,/|]|(?<! )/)*'), '(0)', ''), '[^0-9]+', '', 'g'
        ), '0'
    )
$$;

-- The address behind one with a plus, or with Gmail's dots; NULL of one that is what it is.
CREATE FUNCTION leads_plain_email(email text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN email ~* '^[^+@]+(\+[^@]*)?@(gmail|googlemail)\.com$' THEN nullif(
            replace(split_part(split_part(lower(email), '@', 1), '+', 1), '.', '') || '@gmail.com', lower(email)
        )
        WHEN email LIKE '_%+%@%' THEN nullif(
            regexp_replace(lower(email), '^([^+@]+)\+[^@]*@', '\1@'), lower(email)
        )
    END
$$;
"""

NO_KEYS = """
DROP FUNCTION leads_plain_email(text);
DROP FUNCTION leads_digits(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0003_saved_view"),
        ("salesos", "0005_stored_answer"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[("api_key", "API key"), ("user", "User"), ("system", "System")],
                        max_length=7,
                        verbose_name="who",
                    ),
                ),
                ("actor_id", models.CharField(blank=True, max_length=60)),
                ("actor_name", models.CharField(max_length=255, verbose_name="who")),
                ("into_id", models.UUIDField()),
                ("merged_id", models.UUIDField()),
                ("email", models.EmailField(max_length=255)),
                ("snapshot", models.JSONField(null=True)),
                (
                    "survivor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merges",
                        to="leads.lead",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="salesos.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "merge of leads",
                "verbose_name_plural": "merges of leads",
                "ordering": ("-id",),
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "survivor"], name="lead_merge_by_survivor"),
                    models.Index(
                        models.F("tenant"), django.db.models.functions.text.Lower("email"), name="lead_merge_by_email"
                    ),
                    models.Index(
                        condition=models.Q(("snapshot__isnull", False)),
                        fields=["tenant", "at"],
                        name="lead_merge_kept_by_age",
                    ),
                ],
                "constraints": [
                    salesos.constraints.SameTenant(field="survivor", name="lead_merge_survivor_same_tenant")
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadsApart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[("api_key", "API key"), ("user", "User"), ("system", "System")],
                        max_length=7,
                        verbose_name="who",
                    ),
                ),
                ("actor_id", models.CharField(blank=True, max_length=60)),
                ("actor_name", models.CharField(max_length=255, verbose_name="who")),
                (
                    "one",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="salesos.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "leads that are not the same",
                "verbose_name_plural": "leads that are not the same",
                "ordering": ("-id",),
                "default_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "other"], name="leads_apart_by_other")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "one", "other"), name="leads_apart_once"),
                    models.CheckConstraint(
                        condition=models.Q(("one__lt", models.F("other"))), name="leads_apart_in_order"
                    ),
                    salesos.constraints.SameTenant(field="one", name="leads_apart_one_same_tenant"),
                    salesos.constraints.SameTenant(field="other", name="leads_apart_other_same_tenant"),
                ],
            },
        ),
        migrations.RunSQL(KEYS, NO_KEYS),
    ]
