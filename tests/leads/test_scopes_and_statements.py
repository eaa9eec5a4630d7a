"""Which key may do what, and what a request costs the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from salesos.scopes import Scope
from tests.door import refusal
from tests.integrations.test_statements import CONTROL
from tests.leads.conftest import leads_door
from tests.leads.test_list import lead_in

READS = [("GET", "leads"), ("GET", "leads/x"), ("GET", "deals"), ("GET", "deals/x"), ("GET", "stages")]
WRITES = [
    ("POST", "leads"),
    ("PATCH", "leads/x"),
    ("DELETE", "leads/x"),
    ("POST", "leads/x/convert"),
    ("PATCH", "deals/x"),
]


@pytest.mark.parametrize(("scope", "other"), [(Scope.LEADS_READ, WRITES), (Scope.LEADS_WRITE, READS)])
def test_a_key_needs_the_scope_of_what_it_does(acme, globex, scope, other):
    at = leads_door(acme, scopes=[scope, Scope.DEFAULT_SYNC])
    missing = {Scope.LEADS_READ: Scope.LEADS_WRITE, Scope.LEADS_WRITE: Scope.LEADS_READ}[scope]

    for method, path in other:
        answer = refusal(at.ask(method, path, {}))
        assert answer == (403, "FORBIDDEN", f"The API key lacks the scope {missing.value}")
    for method, path in {*READS, *WRITES} - {*other}:
        assert at.ask(method, path, {}).status_code in (200, 400, 404)


@pytest.fixture
def statements(at):
    """How many statements a request takes, with a key that is remembered."""
    at.page("stages")

    def count(method, path, body=None, **options):
        with CaptureQueriesContext(connection) as captured:
            response = at.ask(method, path, body, **options)
        assert response.status_code < 300, response.content
        return len([q for q in captured.captured_queries if not (q["sql"] or "prepared").startswith(CONTROL)])

    return count


LISTS = ["", "status=new", "search=lead", "sort=name&page=2", "created_after=2026-01-01&source=ads", "page=4000"]


@pytest.mark.parametrize("rows", [1, 60])
@pytest.mark.parametrize("query", LISTS)
def test_a_list_takes_four_statements(acme, at, statements, ana, rows, query):
    for number in range(rows):
        lead_in(acme, number, owner=ana)

    query = f"{query}&owner_id={ana.public_id}" if rows == 60 else query
    assert statements("GET", "leads", QUERY_STRING=query) == 4


@pytest.mark.parametrize("rows", [1, 60])
def test_a_list_of_deals_takes_five(at, statements, ana, rows):
    for number in range(rows):
        at.convert(at.create(email=f"lead{number}@example.com", owner_id=str(ana.public_id)))

    assert statements("GET", "deals", QUERY_STRING="status=open&per_page=100") == 5


def test_writes_take_few_statements(at, statements, ana):
    lead = at.create()
    path = f"leads/{lead['id']}"

    # Three that every request pays for; the last of each is what the points of the pipeline cost: nothing for a new
    # lead of nobody.
    assert statements("POST", "leads", {"name": "X", "email": "x@example.com"}) == 3 + 2
    assert statements("PATCH", path, {"status": "qualified"}) == 3 + 4 + 1
    assert statements("PATCH", path, {"name": "Y"}) == 3 + 4
    assert statements("PATCH", path, {"name": "Y"}) == 3 + 2
    assert statements("GET", path) == 3 + 2
    assert statements("POST", f"{path}/convert", {}) == 3 + 9 + 1
    # Its merges and the leads it was kept apart from go, too.
    assert statements("DELETE", path) == 3 + 7 + 1
