from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Words in any order, beginnings of words, accents and case ignored, as leads are searched (migration 0002). Without a
# list of known words, which knows those of leads alone.
SEARCH = r"""
CREATE FUNCTION leads_beginnings_query(tenant bigint, search text) RETURNS tsquery LANGUAGE sql STABLE AS $$
    SELECT string_agg(
        '''' || tenant || ':' || replace(replace(left(word, 200), '\', '\\'), '''', '''''') || ''':*', ' & '
    )::tsquery
    FROM (
        SELECT DISTINCT coalesce(nullif(btrim(part, ',;'), ''), part) AS word
        FROM regexp_split_to_table(leads_fold(search), '\s+') AS part WHERE part <> ''
    ) AS words
$$;
"""

# Filled by the database itself, beside what the models know of.
COLUMN = """
ALTER TABLE leads_deal ADD COLUMN search tsvector;
CREATE FUNCTION leads_keep_deal_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := leads_search_vector(NEW.tenant_id, NEW.name, '', '');
    RETURN NEW;
END $$;
CREATE TRIGGER deal_search BEFORE INSERT OR UPDATE OF name ON leads_deal
    FOR EACH ROW EXECUTE FUNCTION leads_keep_deal_search();
"""
NO_COLUMN = """
DROP TRIGGER deal_search ON leads_deal;
DROP FUNCTION leads_keep_deal_search();
ALTER TABLE leads_deal DROP COLUMN search;
"""
INDEX = "CREATE INDEX CONCURRENTLY deal_by_words ON leads_deal USING gin (search) WITH (fastupdate = off)"
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


class Migration(migrations.Migration):
    """Concurrently: deals are written while it runs."""

    atomic = False

    dependencies = [("leads", "0007_stages_that_are_gone")]

    operations = [
        AddIndexConcurrently(
            model_name="deal",
            index=models.Index(
                fields=["tenant", "stage", "expected_close_date", "public_id"], name="deal_by_expected_close"
            ),
        ),
        AddIndexConcurrently(
            model_name="deal",
            index=models.Index(
                fields=["tenant", "stage", "closed_at", "public_id"], include=["value"], name="deal_by_closing"
            ),
        ),
        migrations.RunSQL(SEARCH, "DROP FUNCTION leads_beginnings_query(bigint, text)"),
        migrations.RunSQL(COLUMN, NO_COLUMN),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(INDEX, "DROP INDEX CONCURRENTLY deal_by_words"),
    ]
