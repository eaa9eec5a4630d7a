"""Common searches whose totals the database keeps, so that their leads are not counted anew each time."""

import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# A search as what its words begin with, in one order: `silva, joão` is `'7:joao':* & '7:silva':*`. The query for the
# index says the same at the words that are there (migration 0002). New in it: where no word begins so, nothing is
# looked for, however common the others are.
QUERIES = r"""
CREATE FUNCTION leads_search_words(search text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- A comma belongs to the list that a person writes, not to the word.
    SELECT DISTINCT left(coalesce(nullif(btrim(word, ',;'), ''), word), 200) AS asked
    FROM regexp_split_to_table(leads_fold(search), '\s+') AS word WHERE word <> ''
    ORDER BY asked
$$;

CREATE FUNCTION leads_search_beginning(tenant bigint, asked text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '''' || tenant || ':' || replace(replace(asked, '\', '\\'), '''', '''''') || ''':*'
$$;

CREATE FUNCTION leads_search_beginnings(tenant bigint, search text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(leads_search_beginning(tenant, asked), ' & ' ORDER BY asked)::tsquery
    FROM leads_search_words(search) AS asked
$$;

CREATE OR REPLACE FUNCTION leads_search_query(tenant bigint, search text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    asked text;
    known text[];
    terms text[] := '{}';
BEGIN
    FOR asked IN SELECT * FROM leads_search_words(search) LOOP
        known := NULL;
        IF asked ~ '^[[:alnum:]]+$' THEN
            known := ARRAY(
                SELECT DISTINCT kept.word FROM leads_leadword AS kept
                WHERE kept.tenant_id = tenant AND kept.word >= asked AND kept.word < asked || chr(1114111)
                LIMIT 33
            );
        END IF;
        IF cardinality(known) = 0 THEN
            -- A word that no lead has.
            RETURN ('''' || tenant || ':''')::tsquery;
        ELSIF cardinality(known) <= 32 THEN
            terms := terms || ('(''' || tenant || ':' || array_to_string(known, ''' | ''' || tenant || ':') || ''')');
        ELSE
            terms := terms || leads_search_beginning(tenant, asked);
        END IF;
    END LOOP;
    RETURN array_to_string(terms, ' & ')::tsquery;
END $$;
"""

# As migration 0002 has it.
FORMER_QUERIES = r"""
CREATE OR REPLACE FUNCTION leads_search_query(tenant bigint, search text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    asked text;
    known text[];
    terms text[] := '{}';
BEGIN
    FOR asked IN
        SELECT DISTINCT left(coalesce(nullif(btrim(word, ',;'), ''), word), 200)
        FROM regexp_split_to_table(leads_fold(search), '\s+') AS word WHERE word <> ''
    LOOP
        known := '{}';
        IF asked ~ '^[[:alnum:]]+$' THEN
            known := ARRAY(
                SELECT DISTINCT kept.word FROM leads_leadword AS kept
                WHERE kept.tenant_id = tenant AND kept.word >= asked AND kept.word < asked || chr(1114111)
                LIMIT 33
            );
        END IF;
        IF cardinality(known) BETWEEN 1 AND 32 THEN
            terms := terms || ('(''' || tenant || ':' || array_to_string(known, ''' | ''' || tenant || ':') || ''')');
        ELSE
            asked := replace(replace(asked, '\', '\\'), '''', '''''');
            terms := terms || ('''' || tenant || ':' || asked || ''':*');
        END IF;
    END LOOP;
    RETURN array_to_string(terms, ' & ')::tsquery;
END $$;
DROP FUNCTION leads_search_beginnings(bigint, text);
DROP FUNCTION leads_search_beginning(bigint, text);
DROP FUNCTION leads_search_words(text);
"""

# Each write adds how many more or fewer leads match; now and then a writer makes one entry of many, leaves alone what
# is locked, and drops those of searches that were let go of. The tenant's searches are few: all are tried.
ENTRIES = """
CREATE FUNCTION leads_count_searches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO leads_countedsearchentry (tenant_id, search_id, leads)
        SELECT counted.tenant_id, counted.id, count(*)
        FROM leads_countedsearch AS counted JOIN fresh AS lead ON leads_is_counted(counted, lead)
        WHERE counted.tenant_id = ANY (ARRAY(SELECT DISTINCT tenant_id FROM fresh))
        GROUP BY counted.tenant_id, counted.id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO leads_countedsearchentry (tenant_id, search_id, leads)
        SELECT counted.tenant_id, counted.id, -count(*)
        FROM leads_countedsearch AS counted JOIN gone AS lead ON leads_is_counted(counted, lead)
        WHERE counted.tenant_id = ANY (ARRAY(SELECT DISTINCT tenant_id FROM gone))
        GROUP BY counted.tenant_id, counted.id;
    ELSE
        INSERT INTO leads_countedsearchentry (tenant_id, search_id, leads)
        SELECT counted.tenant_id, counted.id, sum(lead.sign)
        FROM leads_countedsearch AS counted
        JOIN (
            SELECT fresh.tenant_id, fresh.search, fresh.status, fresh.source, 1 AS sign
            FROM fresh JOIN gone ON gone.id = fresh.id
            WHERE (fresh.search, fresh.status, fresh.source) <> (gone.search, gone.status, gone.source)
            UNION ALL
            SELECT gone.tenant_id, gone.search, gone.status, gone.source, -1
            FROM fresh JOIN gone ON gone.id = fresh.id
            WHERE (fresh.search, fresh.status, fresh.source) <> (gone.search, gone.status, gone.source)
        ) AS lead ON leads_is_counted(counted, lead)
        WHERE counted.tenant_id = ANY (ARRAY(SELECT DISTINCT tenant_id FROM fresh))
        GROUP BY counted.tenant_id, counted.id
        HAVING sum(lead.sign) <> 0;
    END IF;
    IF FOUND AND random() < 0.05 THEN
        IF TG_OP = 'INSERT' THEN
            PERFORM leads_fold_entries(tenant_id) FROM (SELECT DISTINCT tenant_id FROM fresh) AS those;
        ELSE
            PERFORM leads_fold_entries(tenant_id) FROM (SELECT DISTINCT tenant_id FROM gone) AS those;
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION leads_fold_entries(tenant bigint) RETURNS void LANGUAGE sql AS $$
    WITH folded AS (
        DELETE FROM leads_countedsearchentry WHERE tenant_id = tenant AND id IN (
            SELECT id FROM leads_countedsearchentry WHERE tenant_id = tenant FOR UPDATE SKIP LOCKED
        )
        RETURNING search_id, leads
    )
    INSERT INTO leads_countedsearchentry (tenant_id, search_id, leads)
    SELECT tenant, search_id, sum(leads)
    FROM folded JOIN leads_countedsearch AS counted ON counted.tenant_id = tenant AND counted.id = search_id
    GROUP BY search_id HAVING sum(leads) <> 0
$$;

CREATE TRIGGER lead_searches_on_insert AFTER INSERT ON leads_lead
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_count_searches();
CREATE TRIGGER lead_searches_on_update AFTER UPDATE ON leads_lead
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_count_searches();
CREATE TRIGGER lead_searches_on_delete AFTER DELETE ON leads_lead
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION leads_count_searches();
""".replace(
    "leads_is_counted(counted, lead)",
    """lead.tenant_id = counted.tenant_id AND lead.search @@ counted.words
            AND counted.status IN ('', lead.status) AND counted.source IN ('', lead.source)""",
)

NO_ENTRIES = """
DROP TRIGGER lead_searches_on_delete ON leads_lead;
DROP TRIGGER lead_searches_on_update ON leads_lead;
DROP TRIGGER lead_searches_on_insert ON leads_lead;
DROP FUNCTION leads_count_searches();
DROP FUNCTION leads_fold_entries(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_lead_merge_keys"), ("salesos", "0005_stored_answer")]

    operations = [
        migrations.CreateModel(
            name="CountedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", django.contrib.postgres.search.SearchQueryField()),
                ("status", models.CharField(blank=True, max_length=11)),
                ("source", models.CharField(blank=True, max_length=255)),
                ("asked_at", models.DateTimeField()),
                ("watched_from", models.BigIntegerField(null=True)),
                ("total", models.BigIntegerField(null=True)),
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
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "words", "status", "source"), name="counted_search_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CountedSearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("search_id", models.BigIntegerField()),
                ("leads", models.IntegerField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="salesos.tenant",
                    ),
                ),
            ],
            options={
                "default_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "search_id"], name="counted_search_entries")],
            },
        ),
        migrations.RunSQL(QUERIES, FORMER_QUERIES),
        migrations.RunSQL(ENTRIES, NO_ENTRIES),
    ]
