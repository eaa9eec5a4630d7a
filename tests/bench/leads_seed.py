"""Fill an empty database with leads: `python -m tests.bench.leads_seed ROWS`. Prints what the bench must know of it.

Brazilian names as they are spread in life: one in ten is a Silva, one in fifteen a Maria, and there is a long tail.
Every hundredth lead belongs to another tenant. Beside the leads stand the tally and the words that the database's
triggers would have written.
"""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models need the settings
from django.db import connection, transaction  # noqa: E402

from leads.tally import rebuild  # noqa: E402
from salesos import keys  # noqa: E402
from salesos.models import Collaborator, Team, Tenant  # noqa: E402
from salesos.scopes import Scope  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402
from salesos.tenants import create_tenant  # noqa: E402
from tests.bench.leads_names import COMPANY_WORDS, DAYS, FIRST_NAMES, SURNAMES, TAIL  # noqa: E402
from tests.bench.seed import _without_indexes  # noqa: E402

TEAMS, PEOPLE, COMPANIES = 5, 50, 20_000
SOURCES = ["", "website", "ads", "referral", "event", "partner", "import", "cold call"]
ENDLESS = 2_000_000_000


def seed(rows: int) -> dict[str, object]:
    """Returns the token of a key, the tenant, the moment that the data end, and the ids of a person and a team."""
    call_command("migrate", interactive=False, verbosity=0)
    at = datetime.now(UTC)
    tenant, stranger = create_tenant("Bench", time_zone="America/Sao_Paulo"), create_tenant("Stranger")
    with tenant_context(tenant):
        teams = Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(TEAMS))
        people = Collaborator.objects.bulk_create(
            Collaborator(
                external_id=f"emp-{number}",
                email=f"person{number}@bench.example",
                name=f"Person {number}",
                team=teams[number % TEAMS],
            )
            for number in range(PEOPLE)
        )
    _leads(tenant, stranger, [person.pk for person in people], rows, at)
    for each in (tenant, stranger):
        with tenant_context(each):
            rebuild()
    with connection.cursor() as cursor:
        cursor.execute(WORDS)
        cursor.execute("VACUUM (ANALYZE)")
    key = keys.issue_key(tenant, name="Bench", scopes=[Scope.LEADS_READ, Scope.LEADS_WRITE], hourly_limit=ENDLESS)
    return {
        "token": key.token,
        "tenant": tenant.pk,
        "at": at.isoformat(),
        "owner": str(people[7].public_id),
        "team": str(teams[2].public_id),
    }


def _leads(tenant: Tenant, stranger: Tenant, people: Sequence[int], rows: int, at: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # The tally and the words are filled in one go afterwards.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        rebuild_indexes = _without_indexes(cursor, "leads_lead")
        cursor.execute(
            LEADS,
            {
                "tenant": tenant.pk,
                "stranger": stranger.pk,
                "rows": rows,
                "people": people,
                "first": _spread(FIRST_NAMES),
                "surnames": _spread(SURNAMES),
                "tail": TAIL,
                "company_words": COMPANY_WORDS,
                "companies": COMPANIES,
                "sources": SOURCES,
                "start": at - timedelta(days=DAYS),
                "step": timedelta(days=DAYS) / rows,
            },
        )
        for statement in rebuild_indexes:
            cursor.execute(statement)


def _spread(names: dict[str, int]) -> list[str]:
    """Each name as often as it weighs: one picked at random is as common as in life."""
    return [name for name, weight in names.items() for _ in range(weight)]


def _one_of(names: str, die: int) -> str:
    return f"(%({names})s::text[])[1 + floor(dice[{die}] * cardinality(%({names})s::text[]))::integer]"


def _name(names: str, die: int, other: int) -> str:
    """In the arrays of common names the tail's share is empty."""
    return f"coalesce(nullif({_one_of(names, die)}, ''), {_one_of('tail', other)})"


LEADS = f"""
INSERT INTO leads_lead (
    tenant_id, public_id, name, email, phone, company, position, source, status, owner_id, custom_fields, tags,
    created_at, updated_at, version
)
SELECT
    CASE WHEN number %% 100 = 99 THEN %(stranger)s ELSE %(tenant)s END,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(number %% 4096), 3, '0')
        || '8' || lpad(to_hex(number), 15, '0'))::uuid,
    concat_ws(' ', first, second, particle, surname, last),
    concat(leads_fold(first), '.', leads_fold(coalesce(last, surname)), number, '@', CASE
        WHEN number %% 20011 = 0 THEN 'acme.com'
        WHEN dice[1] < 0.35 THEN 'gmail.com' WHEN dice[1] < 0.5 THEN 'hotmail.com' WHEN dice[1] < 0.55 THEN 'uol.com.br'
        ELSE leads_fold(replace(company, ' ', '')) || '.com.br'
    END),
    '+55 11 9' || lpad((number::bigint * 7919 %% 100000000)::text, 8, '0'),
    CASE WHEN dice[1] < 0.3 THEN '' ELSE company || ' Ltda' END,
    (ARRAY['', 'Gerente', 'Diretora', 'Compras', 'Vendas'])[1 + number %% 5],
    {_one_of("sources", 2)},
    CASE WHEN dice[3] < 0.45 THEN 'new' WHEN dice[3] < 0.7 THEN 'contacted' WHEN dice[3] < 0.85 THEN 'qualified'
        WHEN dice[3] < 0.95 THEN 'unqualified' ELSE 'converted' END,
    CASE WHEN dice[4] < 0.9 AND number %% 100 <> 99
        THEN (%(people)s::bigint[])[1 + floor(dice[4] / 0.9 * cardinality(%(people)s::bigint[]))::integer] END,
    jsonb_build_object('budget', number %% 9000, 'segment', 'smb'),
    CASE WHEN number %% 3 = 0 THEN ARRAY['vip'] WHEN number %% 3 = 1 THEN ARRAY['newsletter', '2026'] ELSE '{{}}' END,
    date_trunc('second', at), date_trunc('second', at + dice[5] * (%(rows)s - number) * %(step)s::interval), 1
FROM (
    SELECT number, at, dice, company,
        {_name("first", 6, 7)} AS first,
        CASE WHEN dice[8] < 0.25 THEN nullif({_one_of("first", 9)}, '') END AS second,
        CASE WHEN dice[14] < 0.2 THEN 'da' WHEN dice[14] < 0.3 THEN 'de' WHEN dice[14] < 0.35 THEN 'dos' END
            AS particle,
        {_name("surnames", 10, 11)} AS surname,
        CASE WHEN dice[12] < 0.6 THEN {_name("surnames", 13, 7)} END AS last
    FROM (
        SELECT number, %(start)s + number * %(step)s::interval AS at,
            (SELECT array_agg(random()) FROM generate_series(1, 14) WHERE number > 0) AS dice,
            (SELECT (%(tail)s::text[])[1 + place %% cardinality(%(tail)s::text[])] || ' '
                || (%(company_words)s::text[])[1 + place %% cardinality(%(company_words)s::text[])]
                FROM (SELECT (number::bigint * 7919 + number / 97) %% %(companies)s AS place) AS placed) AS company
        FROM generate_series(1, %(rows)s) AS number
    ) AS thrown
) AS made
"""

# As the trigger writes them (leads, migration 0002).
WORDS = """
INSERT INTO leads_leadword (tenant_id, word)
SELECT DISTINCT tenant_id, substr(lexeme, strpos(lexeme, ':') + 1)
FROM leads_lead, unnest(tsvector_to_array(search)) AS lexeme
WHERE substr(lexeme, strpos(lexeme, ':') + 1) ~ '^[[:alnum:]]+$'
"""

if __name__ == "__main__":
    json.dump(seed(int(sys.argv[1])), sys.stdout)
