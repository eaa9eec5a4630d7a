"""What only SQL can say of leads: how they are found by words, how they are counted, and in which order they lie."""

from django.db import migrations

# Accents and case ignored: compatibility decomposition, combining marks dropped, lower case, and the Latin letters
# that have no decomposition written out. Plain SQL, since neither unaccent nor pg_trgm is there everywhere.
FOLD = r"""
CREATE FUNCTION leads_fold(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(written) = char_length(written) THEN lower(written) ELSE
        replace(replace(replace(
            translate(
                lower(regexp_replace(normalize(written, NFKD), '[\u0300-\u036f]', '', 'g')),
                'øłđðıþ', 'olddit'
            ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    END
$$;
"""

# Each word bears its tenant, so that one index keeps tenants apart: `7:silva`. Words are what spaces part, and what is
# left of those when signs part, too (O'Brien: o'brien, o, brien); of an address all of it, its `@domain`, its domain,
# and the words of both sides, those of the domain's end apart (com, com.br), which half of all addresses have.
SEARCH = r"""
CREATE FUNCTION leads_search_vector(tenant bigint, name text, email text, company text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    phrase text := leads_fold(name || ' ' || company);
    address text := leads_fold(email);
    domain text := split_part(address, '@', 2);
    parts text := split_part(address, '@', 1) || ' ' || regexp_replace(domain, '(\.[[:alnum:]]{2,3})?\.[^.]*$', '');
    words text := concat_ws(
        ' ', phrase, address, '@' || domain, domain, regexp_replace(phrase || ' ' || parts, '[^[:alnum:]]+', ' ', 'g')
    );
BEGIN
    -- As long as a word of the index may be, whatever its letters.
    IF length(words) > 200 THEN
        words := regexp_replace(words, '(\S{200})\S+', '\1', 'g');
    END IF;
    words := regexp_replace(btrim(words, E' \t\n\r\f\v'), '\s+', ' ' || tenant || ':', 'g');
    RETURN array_to_tsvector(string_to_array(tenant || ':' || words, ' '));
END $$;

-- What begins with a word is looked up first: a few words that are there are found ten times as fast as all that begin
-- so, above all when several are asked for. A word with signs, or one that begins too many others, stays a beginning.
CREATE FUNCTION leads_search_query(tenant bigint, search text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    asked text;
    known text[];
    terms text[] := '{}';
BEGIN
    FOR asked IN
        -- A comma belongs to the list that a person writes, not to the word.
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

CREATE FUNCTION leads_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO leads_leadword (tenant_id, word)
        SELECT DISTINCT fresh.tenant_id, found.word
        FROM fresh,
            LATERAL (SELECT substr(lexeme, strpos(lexeme, ':') + 1) FROM unnest(tsvector_to_array(search)) AS lexeme)
                AS found (word)
        WHERE found.word ~ '^[[:alnum:]]+$' AND NOT EXISTS (
            SELECT 1 FROM leads_leadword AS kept WHERE kept.tenant_id = fresh.tenant_id AND kept.word = found.word
        );
    ELSE
        INSERT INTO leads_leadword (tenant_id, word)
        SELECT DISTINCT changed.tenant_id, found.word
        FROM (
                SELECT fresh.tenant_id, fresh.search FROM fresh JOIN gone ON gone.id = fresh.id
                WHERE gone.search <> fresh.search
            ) AS changed,
            LATERAL (SELECT substr(lexeme, strpos(lexeme, ':') + 1) FROM unnest(tsvector_to_array(search)) AS lexeme)
                AS found (word)
        WHERE found.word ~ '^[[:alnum:]]+$' AND NOT EXISTS (
            SELECT 1 FROM leads_leadword AS kept WHERE kept.tenant_id = changed.tenant_id AND kept.word = found.word
        );
    END IF;
    RETURN NULL;
END $$;

ALTER TABLE leads_lead ADD COLUMN search tsvector
    GENERATED ALWAYS AS (leads_search_vector(tenant_id, name, email, company)) STORED;
CREATE TRIGGER lead_words_on_insert AFTER INSERT ON leads_lead
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_keep_words();
CREATE TRIGGER lead_words_on_update AFTER UPDATE ON leads_lead
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_keep_words();

-- Without a list of pending entries, which every search would read through after an import.
CREATE INDEX lead_by_words ON leads_lead USING gin (search) WITH (fastupdate = off);

-- As people look names up: accents and case ignored.
-- With what was written along, so that pages are skipped in the index alone.
CREATE INDEX lead_by_name ON leads_lead (tenant_id, leads_fold(name), public_id) INCLUDE (name);
CREATE INDEX lead_by_company ON leads_lead (tenant_id, leads_fold(company), public_id) INCLUDE (company);
"""

NO_SEARCH = """
DROP INDEX lead_by_company;
DROP INDEX lead_by_name;
DROP TRIGGER lead_words_on_update ON leads_lead;
DROP TRIGGER lead_words_on_insert ON leads_lead;
ALTER TABLE leads_lead DROP COLUMN search;
DROP FUNCTION leads_keep_words();
DROP FUNCTION leads_search_query(bigint, text);
DROP FUNCTION leads_search_vector(bigint, text, text, text);
DROP FUNCTION leads_fold(text);
"""

# Signed entries that are only added, so that no two writers wait for each other, however long their transactions
# are; a writer now and then folds the entries of the kinds it wrote into one each, leaving alone what is locked.
TALLY = """
CREATE FUNCTION leads_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO leads_leadtally (tenant_id, level, status, source, owner_id, leads)
        SELECT tenant_id, grouping(source, owner_id), status, source, owner_id, count(*)
        FROM fresh
        GROUP BY GROUPING SETS (
            (tenant_id, status), (tenant_id, status, source), (tenant_id, status, owner_id),
            (tenant_id, status, source, owner_id)
        );
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO leads_leadtally (tenant_id, level, status, source, owner_id, leads)
        SELECT tenant_id, grouping(source, owner_id), status, source, owner_id, -count(*)
        FROM gone
        GROUP BY GROUPING SETS (
            (tenant_id, status), (tenant_id, status, source), (tenant_id, status, owner_id),
            (tenant_id, status, source, owner_id)
        );
    ELSE
        INSERT INTO leads_leadtally (tenant_id, level, status, source, owner_id, leads)
        SELECT tenant_id, grouping(source, owner_id), status, source, owner_id, sum(leads)
        FROM (
            SELECT tenant_id, status, source, owner_id, 1 AS leads FROM fresh
            UNION ALL SELECT tenant_id, status, source, owner_id, -1 FROM gone
        ) AS moved
        GROUP BY GROUPING SETS (
            (tenant_id, status), (tenant_id, status, source), (tenant_id, status, owner_id),
            (tenant_id, status, source, owner_id)
        )
        HAVING sum(leads) <> 0;
    END IF;
    IF FOUND AND random() < 0.05 THEN
        IF TG_OP = 'INSERT' THEN
            PERFORM leads_fold_tally(tenant_id, array_agg(DISTINCT source), array_agg(DISTINCT owner_id))
            FROM fresh GROUP BY tenant_id;
        ELSE
            PERFORM leads_fold_tally(tenant_id, array_agg(DISTINCT source), array_agg(DISTINCT owner_id))
            FROM gone GROUP BY tenant_id;
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION leads_fold_tally(tenant bigint, sources text[], owners bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH folded AS (
        DELETE FROM leads_leadtally WHERE tenant_id = tenant AND id IN (
            SELECT id FROM leads_leadtally
            WHERE tenant_id = tenant
                AND (
                    (level = 3 AND source IS NULL AND owner_id IS NULL)
                    OR (level = 1 AND source = ANY (sources) AND owner_id IS NULL)
                    OR (level = 2 AND source IS NULL AND (owner_id = ANY (owners)))
                    OR (level = 2 AND source IS NULL AND owner_id IS NULL)
                    OR (level = 0 AND source = ANY (sources) AND owner_id = ANY (owners))
                    OR (level = 0 AND source = ANY (sources) AND owner_id IS NULL)
                )
            FOR UPDATE SKIP LOCKED
        )
        RETURNING level, status, source, owner_id, leads
    )
    INSERT INTO leads_leadtally (tenant_id, level, status, source, owner_id, leads)
    SELECT tenant, level, status, source, owner_id, sum(leads)
    FROM folded GROUP BY level, status, source, owner_id HAVING sum(leads) <> 0
$$;

CREATE TRIGGER lead_tally_on_insert AFTER INSERT ON leads_lead
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_tally();
CREATE TRIGGER lead_tally_on_update AFTER UPDATE ON leads_lead
    REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION leads_tally();
CREATE TRIGGER lead_tally_on_delete AFTER DELETE ON leads_lead
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION leads_tally();
"""

NO_TALLY = """
DROP TRIGGER lead_tally_on_delete ON leads_lead;
DROP TRIGGER lead_tally_on_update ON leads_lead;
DROP TRIGGER lead_tally_on_insert ON leads_lead;
DROP FUNCTION leads_tally();
DROP FUNCTION leads_fold_tally(bigint, text[], bigint[]);
"""

TABLES = ("leads_leadevent", "leads_dealstagechange")
TENANT_FIRST = [
    f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY (tenant_id, id)" for table in TABLES
]
ID_ALONE = [f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY (id)" for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [
        migrations.RunSQL(TENANT_FIRST, ID_ALONE),
        migrations.RunSQL(FOLD + SEARCH, NO_SEARCH),
        migrations.RunSQL(TALLY, NO_TALLY),
    ]
