from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

FILL = """
UPDATE leads_deal SET search = leads_search_vector(tenant_id, name, '', '')
WHERE id IN (SELECT id FROM leads_deal WHERE search IS NULL AND id > %s ORDER BY id LIMIT 5000)
RETURNING id
"""


def fill(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Those deals that are there already, some at a time: nobody waits long for a row."""
    last = 0
    with schema_editor.connection.cursor() as cursor:
        while last is not None:
            cursor.execute(FILL, [last])
            last = max((row[0] for row in cursor.fetchall()), default=None)


def concurrently(name: str, of: str) -> migrations.RunSQL:
    """An index without a lock on the table; one that an interrupted run left behind is not valid, and would stay so."""
    gone = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    return migrations.RunSQL([gone, f"CREATE INDEX CONCURRENTLY {name} ON leads_deal {of}"], gone)


class Migration(migrations.Migration):
    """Deals are written while it runs, and it may be stopped and run again."""

    atomic = False

    dependencies = [("leads", "0008_deal_search")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        concurrently("deal_by_words", "USING gin (search) WITH (fastupdate = off)"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                concurrently("deal_by_expected_close", "(tenant_id, stage_id, expected_close_date, public_id)"),
                concurrently("deal_by_closing", "(tenant_id, stage_id, closed_at, public_id) INCLUDE (value)"),
            ],
            state_operations=[
                migrations.AddIndex(
                    model_name="deal",
                    index=models.Index(
                        fields=["tenant", "stage", "expected_close_date", "public_id"], name="deal_by_expected_close"
                    ),
                ),
                migrations.AddIndex(
                    model_name="deal",
                    index=models.Index(
                        fields=["tenant", "stage", "closed_at", "public_id"], include=["value"], name="deal_by_closing"
                    ),
                ),
            ],
        ),
    ]
