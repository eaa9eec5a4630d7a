from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.request import Request

from salesos.api import parameters
from salesos.api.errors import NotFound, ValidationFailed
from salesos.api.listing import Asked, Listing
from salesos.models import Team
from salesos.tenancy import tenant_context
from tests.factories import TeamFactory

LEADS = Listing(
    sorts=("name", "created_at"),
    default_sort="-created_at",
    filters={
        "status": parameters.choice("new", "qualified", description="Status."),
        "owner_id": parameters.public_id(description="Owner."),
        "is_open": parameters.yes_no(description="Open."),
        "on": parameters.day(description="A day."),
        "created_after": parameters.moment_from(description="From."),
        "created_before": parameters.moment_until(description="Until."),
        "search": parameters.text(most=20, description="Words."),
    },
)


def read(query: str = "") -> Asked:
    request = RequestFactory().get("/v1/leads")
    request.META["QUERY_STRING"] = query.encode().decode("latin-1")
    return LEADS.read(Request(request))


def faults(query: str) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refused:
        read(query)
    assert refused.value.message == "Invalid parameters"
    return [(row["field"], row["message"]) for row in refused.value.details]


def test_a_bare_request_asks_for_the_first_25_in_the_default_order():
    asked = read()
    assert (asked.page, asked.per_page, asked.sort, asked.is_descending, asked.filters) == (
        1,
        25,
        "created_at",
        True,
        {},
    )
    assert asked.order_by() == ["-created_at", "-id"]


def test_the_order_asked_for_may_stand_for_another_column_and_ends_with_the_id():
    assert read("sort=name").order_by() == ["name", "id"]
    assert read("sort=-name").order_by({"name": "folded_name"}, tie_break="pk") == ["-folded_name", "-pk"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", ("page", "Expected a whole number, at least 1")),
        ("page=", ("page", "Expected a whole number, at least 1")),
        ("page=-1", ("page", "Expected a whole number, at least 1")),
        ("page=1.0", ("page", "Expected a whole number, at least 1")),
        ("page=%2B1", ("page", "Expected a whole number, at least 1")),
        ("page=١", ("page", "Expected a whole number, at least 1")),
        ("page=" + "9" * 19, ("page", "Expected a whole number, at least 1")),
        ("per_page=101", ("per_page", "Expected a whole number, 1 to 100")),
        ("per_page=0", ("per_page", "Expected a whole number, 1 to 100")),
        ("sort=email", ("sort", "Expected one of name, -name, created_at, -created_at")),
        ("sort=--name", ("sort", "Expected one of name, -name, created_at, -created_at")),
        ("status=New", ("status", "Expected one of new, qualified")),
        ("status=", ("status", "Expected one of new, qualified")),
        ("owner_id=12", ("owner_id", "Expected a UUID")),
        ("owner_id=%7B550e8400-e29b-41d4-a716-446655440000%7D", ("owner_id", "Expected a UUID")),
        ("is_open=1", ("is_open", "Expected true or false")),
        ("on=2026-02-30", ("on", "Expected a date, e.g. 2026-03-10")),
        ("on=20260310", ("on", "Expected a date, e.g. 2026-03-10")),
        ("search=a%00b", ("search", "Text must not contain control characters")),
        ("search=" + "x" * 21, ("search", "At most 20 characters")),
        ("search=%FF", ("query", "Must be UTF-8, percent-encoded")),
        ("statos=new", ("statos", "Unknown parameter")),
        ("status=new&status=new", ("status", "Given more than once")),
        ("a%00%0Ab=1", ("a��b", "Unknown parameter")),
        ("=1", ("query", "Unknown parameter")),
        ("&".join(f"p{number}=1" for number in range(51)), ("query", "At most 50 parameters")),
    ],
)
def test_what_is_unknown_or_bad_is_named(in_acme, globex, query, expected):
    assert faults(query) == [expected]


@pytest.mark.parametrize("text", ["2026-03-10T25:00", "2026-W10-1", "1773759600", "now", "2026-03-10T10:00+99:00", ""])
@pytest.mark.parametrize("name", ["created_after", "created_before"])
def test_a_moment_that_is_none_is_named(in_acme, globex, name, text):
    word = "a date or a date and time, e.g. 2026-03-10 or 2026-03-10T14:30:00Z"
    assert faults(f"{name}={text.replace('+', '%2B')}") == [(name, f"Expected {word}")]


def test_all_faults_are_told_at_once_in_the_order_of_the_request(in_acme, globex):
    assert [name for name, _message in faults("page=x&colour=red&status=new&per_page=y&colour=blue")] == [
        "page",
        "colour",
        "per_page",
    ]


def test_good_values_are_read(in_acme, globex):
    asked = read(
        "page=007&per_page=100&status=new&owner_id=550E8400-e29b-41d4-a716-446655440000&is_open=false&on=2026-03-10"
        "&search=%20jo%C3%A3o+sil%20"
    )
    assert (asked.page, asked.per_page) == (7, 100)
    assert asked.filters == {
        "status": "new",
        "owner_id": UUID("550e8400-e29b-41d4-a716-446655440000"),
        "is_open": False,
        "on": date(2026, 3, 10),
        "search": "joão sil",
    }
    assert read("search=João").filters == {"search": "João"}
    assert read("search=+").filters == {}


def test_dates_are_whole_days_of_the_tenants_zone(in_acme, globex):
    asked = read("created_after=2026-03-10&created_before=2026-03-10").filters
    assert asked == {
        "created_after": datetime(2026, 3, 10, 3, tzinfo=UTC),
        "created_before": datetime(2026, 3, 11, 3, tzinfo=UTC),
    }
    with tenant_context(globex):
        assert read("created_before=2026-03-10").filters["created_before"] == datetime(2026, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T14:30:00Z", datetime(2026, 3, 10, 14, 30, tzinfo=UTC)),
        ("2026-03-10t14:30z", datetime(2026, 3, 10, 14, 30, tzinfo=UTC)),
        ("2026-03-10T14:30:00.250%2B02:00", datetime(2026, 3, 10, 12, 30, 0, 250000, tzinfo=UTC)),
        ("2026-03-10T14:30:00+0200", datetime(2026, 3, 10, 12, 30, tzinfo=UTC)),
        ("2026-03-10T14:30:00", datetime(2026, 3, 10, 17, 30, tzinfo=UTC)),
        ("2026-03-10%2014:30", datetime(2026, 3, 10, 17, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_counts_itself_from_either_side(in_acme, globex, text, moment):
    asked = read(f"created_after={text}&created_before={text}").filters
    assert asked == {"created_after": moment, "created_before": moment.replace(microsecond=moment.microsecond + 1)}


@pytest.mark.parametrize(
    ("day", "hours"), [("2018-11-04", 23), ("2018-02-17", 25), ("2018-11-03", 24)], ids=["spring", "autumn", "plain"]
)
def test_the_nights_when_clocks_are_put_on_or_back_are_not_cut(in_acme, globex, day, hours):
    asked = read(f"created_after={day}&created_before={day}").filters
    assert (asked["created_before"] - asked["created_after"]).total_seconds() == hours * 3600


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Pacific/Kiritimati", "UTC"])
@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
def test_the_ends_of_the_calendar_are_days_like_any_other(acme, globex, zone, text):
    acme.time_zone = zone
    assert acme.zone == ZoneInfo(zone)
    with tenant_context(acme):
        for name in ("created_after", "created_before"):
            assert read(f"{name}={text}").filters[name].tzinfo is UTC


def test_pages_follow_one_another_to_an_empty_one(in_acme, globex):
    for number in range(5):
        TeamFactory(name=f"Team {number}")
    TeamFactory(tenant=globex)
    pages = [read(f"sort=name&per_page=2&page={page}") for page in (1, 2, 3, 4, 10**17)]
    rows = [[team.name[-1] for team in page.rows_of(Team.objects.order_by(*page.order_by()), 5)] for page in pages]
    assert rows == [["0", "1"], ["2", "3"], ["4"], [], []]
    assert pages[1].meta(5) == {"total": 5, "page": 2, "per_page": 2, "total_pages": 3}
    assert pages[0].meta(0) == {"total": 0, "page": 1, "per_page": 2, "total_pages": 0}


def test_the_reference_says_what_the_code_reads():
    told = {entry["name"]: entry["schema"] for entry in LEADS.openapi()}
    assert list(told) == ["page", "per_page", "sort", *LEADS.filters]
    assert told["page"] == {"type": "integer", "minimum": 1, "default": 1}
    assert told["per_page"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
    assert told["sort"]["enum"] == ["name", "-name", "created_at", "-created_at"]
    assert told["search"] == {"type": "string", "maxLength": 20}


@given(query=st.text(max_size=80))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_query_breaks_it(in_acme, globex, query):
    with suppress(ValidationFailed):
        read(query)


@pytest.mark.parametrize(
    "text", ["", "7", "550e8400e29b41d4a716446655440000", "urn:uuid:550e8400-e29b-41d4-a716-446655440000", "a" * 36]
)
def test_a_malformed_id_in_a_path_is_the_404_of_an_unknown_one(text):
    with pytest.raises(NotFound) as refused:
        parameters.id_in_path(text)
    assert refused.value.message == "Not found"
