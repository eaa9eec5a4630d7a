from django.db import migrations

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


class Migration(migrations.Migration):
    """Deals are found by the words of their names. Those that are there already: migration 0009."""

    dependencies = [("leads", "0007_stages_that_are_gone")]

    operations = [
        migrations.RunSQL(SEARCH, "DROP FUNCTION leads_beginnings_query(bigint, text)"),
        migrations.RunSQL(COLUMN, NO_COLUMN),
    ]
