import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions.mapping import set_mapping
from salesos import request_search
from salesos.keys import issue_key
from salesos.models import RequestLog
from salesos.request_log import first_id_at
from salesos.tenancy import tenant_context
from tests.door import activities, activity, door
from tests.factories import CollaboratorFactory, MissionFactory

LOG = "/dashboard/salesos/requestlog/"
STRANGERS = "/dashboard/platform/unrecognised-requests/"


def logged(tenant, *, at=None, **fields) -> RequestLog:
    at = at or timezone.now()
    row = {
        "method": "POST",
        "path": "/functions/v1/default-integration",
        "status": 200,
        "duration_ms": 1,
        "bytes_in": 0,
    }
    return RequestLog(id=_id_at(at), at=at, tenant=tenant, **{**row, **fields})


def _id_at(at: datetime):
    """A request id of that moment, with the random rest of a real one."""
    rest = uuid7().int & ((1 << 80) - 1)
    return type(uuid7())(int=(int(at.timestamp() * 1000) << 80) | rest)


def written(*rows: RequestLog) -> None:
    RequestLog.objects.every_tenant(reason="a test writes rows").bulk_create(rows)


def shown(client, query="") -> list:
    return [row.request for row in client.get(LOG + query).context["table"].rows]


def listed(client, query="") -> list[str]:
    return [row.action for row in shown(client, query)]


@pytest.fixture
def auditor(people):
    return people["auditor"]


def test_the_least_id_of_a_moment_parts_before_from_after():
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert _id_at(moment - timedelta(milliseconds=1)) < first_id_at(moment) <= _id_at(moment)


def test_the_newest_requests_come_first_and_only_ones_own(auditor, acme, globex):
    now = timezone.now()
    written(
        logged(acme, action="older", at=now - timedelta(hours=1)),
        logged(acme, action="newer"),
        logged(globex, action="globex"),
        logged(None, action="stranger"),
    )
    assert listed(auditor) == ["newer", "older"]


@pytest.fixture
def varied(acme, globex):
    """Requests of many kinds, newest last; `fine` and `old` are older than what is summed up."""
    now = timezone.now()
    key, other = issue_key(acme, name="CRM", scopes=[]).key, issue_key(acme, name="Other", scopes=[]).key
    written(
        logged(acme, action="old", at=now - timedelta(days=40), api_key=key, address="2001:db8::1"),
        logged(acme, action="fine", at=now - timedelta(days=8), api_key=key, address="203.0.113.7", duration_ms=900),
        logged(acme, action="bad", at=now - timedelta(hours=2), status=400, error_code="VALIDATION_ERROR", api_key=key),
        logged(acme, action="limited", at=now - timedelta(minutes=2), status=429, error_code="RATE_LIMITED"),
        logged(
            acme,
            action="failed",
            at=now - timedelta(minutes=1),
            status=500,
            error_code="INTERNAL_ERROR",
            api_key=other,
            address="203.0.113.200",
            duration_ms=50,
        ),
        logged(globex, action="globex", status=500, error_code="RATE_LIMITED", address="203.0.113.7"),
    )
    return {"key": key, "other": other}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["failed", "limited", "bad", "fine", "old"]),
        ("?status=2", ["fine", "old"]),
        ("?status=4", ["limited", "bad"]),
        ("?status=429", ["limited"]),
        ("?status=5", ["failed"]),
        ("?status=418", []),
        ("?error_code=RATE_LIMITED", ["limited"]),
        ("?action=bad", ["bad"]),
        ("?within=hour", ["failed", "limited"]),
        ("?within=day&status=2", []),
        ("?within=month&status=2", ["fine"]),
        ("?address=203.0.113.7", ["fine"]),
        ("?address=203.0.113.0/24", ["failed", "fine"]),
        ("?address=203.0.113.9/25", ["fine"]),
        ("?address=2001:db8::/32", ["old"]),
        ("?address=::ffff:203.0.113.7", ["fine"]),
        ("?min_ms=50", ["failed", "fine"]),
        ("?min_ms=50.5&max_ms=900", ["fine"]),
        ("?max_ms=1", ["limited", "bad", "old"]),
        ("?status=5&address=203.0.113.0/24&min_ms=2&action=failed&error_code=INTERNAL_ERROR&within=day", ["failed"]),
        ("?status=5&address=203.0.113.0/24&min_ms=2&action=fine", []),
    ],
)
def test_filters_narrow_the_log_all_of_them_together(auditor, varied, query, found):
    assert listed(auditor, query) == found
    # By now the sums by hour lead the way.
    assert listed(auditor, query) == found


def test_the_log_of_one_key(auditor, varied):
    key, other = varied["key"].pk, varied["other"].pk
    assert listed(auditor, f"?key={key}") == ["bad", "fine", "old"]
    assert listed(auditor, f"?key={key}&status=400") == ["bad"]
    assert listed(auditor, f"?key={other}&within=week") == ["failed"]


def test_a_request_is_found_by_its_id(auditor, varied, acme, globex):
    for at in (timezone.now(), timezone.now() - timedelta(days=300)):
        row, foreign = logged(acme, action="this", at=at), logged(globex, action="globex", at=at)
        written(row, foreign)
        assert listed(auditor, f"?request_id={row.pk}") == ["this"]
        assert listed(auditor, f"?request_id=%20{str(row.pk).upper()}%20") == ["this"]
        assert listed(auditor, f"?request_id={row.pk}&status=4") == []
        assert listed(auditor, f"?request_id={foreign.pk}") == []


def test_a_time_is_on_the_tenants_clock_and_its_end_is_not_included(auditor, acme, globex):
    noon = datetime(2026, 3, 10, 15, tzinfo=UTC)  # 12 o'clock in São Paulo
    for minutes in (-1, 0, 59, 60):
        written(logged(acme, action=f"{minutes}", at=noon + timedelta(minutes=minutes)))
    assert listed(auditor, "?from=2026-03-10T12:00&to=2026-03-10T13:00") == ["59", "0"]
    assert listed(auditor, "?from=2026-03-10T15:00Z&to=2026-03-10T17:00%2B01:00") == ["59", "0"]
    assert listed(auditor, "?from=2026-03-10T12:59:30") == ["60"]
    assert listed(auditor, "?to=2026-03-10T12:00&within=hour") == ["-1"]


def test_an_hour_that_the_clock_shows_twice_is_meant_whole(auditor, acme, globex):
    acme.time_zone = "Europe/Lisbon"
    acme.save()
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    written(logged(acme, action="first", at=twice), logged(acme, action="second", at=twice + timedelta(hours=1)))
    assert listed(auditor, "?from=2026-10-25T01:00&to=2026-10-25T01:59") == ["second", "first"]
    assert listed(auditor, "?from=2026-10-25T01:00%2B00:00&to=2026-10-25T02:00") == ["second"]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("status=nonsense", "status", "Select a valid choice"),
        ("status=9", "status", "Select a valid choice"),
        ("key=999999999", "key", "Select a valid choice"),
        ("key=x", "key", "Select a valid choice"),
        ("address=crm.example.com", "address", "is not an IPv4 or IPv6 address or network."),
        ("request_id=x", "request_id", "Enter a valid UUID."),
        ("request_id=" + "9" * 5000, "request_id", "Enter a valid UUID."),
        ("min_ms=fast", "min_ms", "Enter a number."),
        ("min_ms=-1", "min_ms", "greater than or equal to 0"),
        ("min_ms=NaN", "min_ms", "Enter a number."),
        ("max_ms=1e400", "max_ms", "Enter a number."),
        ("min_ms=5&max_ms=4", "max_ms", "must not be less"),
        ("from=soon", "from", "A date and a time, please"),
        ("from=2026-13-45T99:00", "from", "A date and a time, please"),
        ("from=0001-01-01T00:00", "from", "A year between 2000 and 2199, please."),
        ("to=9999-12-31T23:59", "to", "A year between 2000 and 2199, please."),
        ("from=2026-03-10T12:00&to=2026-03-10T12:00", "to", "must come after"),
        ("action=" + "a" * 41, "action", "at most 40 characters"),
    ],
)
def test_what_can_not_be_read_is_told_at_its_field(auditor, varied, query, field, message):
    answer = auditor.get(f"{LOG}?{query}")
    form = answer.context["form"]
    assert (answer.status_code, list(form.errors)) == (200, [field])
    assert message in str(form.errors)
    assert "Nothing was searched" in answer.content.decode()
    assert answer.context["table"].rows == []
    assert auditor.get(f"{LOG}export/?{query}").headers["Location"].startswith(f"{LOG}?")


def test_another_tenants_key_is_no_choice(auditor, acme_rows, globex_rows):
    foreign, unknown = (auditor.get(LOG, {"key": pk}) for pk in (globex_rows.key.pk, 999_999_999))
    assert foreign.context["form"].errors["key"] == [
        f"Select a valid choice. {globex_rows.key.pk} is not one of the available choices."
    ]
    assert len(foreign.context["table"].rows) == len(unknown.context["table"].rows) == 0


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("text", ["x", "", "-1", "f" * 32, "0" * 32, "018f3b1c-0000-7000-8000-000000000000"])
def test_no_place_in_the_log_makes_an_error(auditor, varied, place, text):
    for query in ("", "&status=4", "&min_ms=2"):
        assert auditor.get(f"{LOG}?{place}={text}{query}").status_code == 200


def test_a_big_log_is_never_counted_nor_read_beyond_a_page(auditor, acme, globex):
    written(*(logged(acme, action=f"{number}") for number in range(60)))
    auditor.get(LOG)
    with CaptureQueriesContext(connection) as queries:
        assert len(listed(auditor)) == 50
    reads = [query["sql"] for query in queries if 'FROM "salesos_requestlog"' in (query["sql"] or "")]
    assert len(reads) == 1
    assert "LIMIT 51" in reads[0]
    assert "OFFSET" not in reads[0]


@pytest.mark.parametrize("query", ["?", "?status=2", "?min_ms=0.5"])
def test_pages_lead_to_the_end_of_the_log_and_back(auditor, acme, globex, query):
    now = timezone.now()
    written(*(logged(acme, action=f"{number}", at=now - timedelta(hours=number)) for number in range(120)))
    forth, back, address = [], [], query
    while address:
        context = auditor.get(LOG + address).context
        forth.append([row.action for row in context["table"].rows])
        last, address = address, context["older"]
    assert forth == [[str(number) for number in range(start, min(start + 50, 120))] for start in (0, 50, 100)]
    address = last
    while address:
        context = auditor.get(LOG + address).context
        back.insert(0, [row.action for row in context["table"].rows])
        address = context["newer"]
    assert back == forth


def test_a_search_that_finds_little_stops_and_goes_on_where_it_stopped(auditor, acme, globex, monkeypatch):
    monkeypatch.setattr(request_search, "CHUNK", 10)
    monkeypatch.setattr(request_search, "MOST_LOOKED_AT", 30)
    now = timezone.now()
    for number in range(100):
        duration = 500 if number in (5, 50, 99) else 1
        written(logged(acme, action=f"{number}", at=now - timedelta(minutes=number), duration_ms=duration))
    found, address, pages = [], "?min_ms=400", 0
    while address:
        answer = auditor.get(LOG + address)
        found += [row.action for row in answer.context["table"].rows]
        assert ("Go on searching" in answer.content.decode()) is bool(answer.context["older"])
        address, pages = answer.context["older"], pages + 1
    assert (found, pages) == (["5", "50", "99"], 4)
    searched_to = auditor.get(f"{LOG}?min_ms=400").context["page"].searched_to
    assert abs(searched_to - (now - timedelta(minutes=30))) < timedelta(seconds=2)
    page = auditor.get(f"{LOG}?min_ms=400&after={first_id_at(now - timedelta(minutes=98))}")
    assert [row.action for row in page.context["table"].rows] == []
    assert page.context["newer"]


def test_the_sums_lead_to_what_is_rare(auditor, acme, globex, monkeypatch):
    """Only the hours that have any are looked at: however many others lie between."""
    now = timezone.now()
    written(*(logged(acme, action="common", at=now - timedelta(hours=number)) for number in range(300)))
    written(logged(acme, action="rare", at=now - timedelta(hours=290), status=503))
    auditor.get(LOG)
    monkeypatch.setattr(request_search, "MOST_LOOKED_AT", 20)
    monkeypatch.setattr(request_search, "CHUNK", 10)
    answer = auditor.get(f"{LOG}?status=503")
    assert [row.action for row in answer.context["table"].rows] == ["rare"]
    assert answer.context["page"].searched_to is None


def test_the_chart_draws_what_is_found_by_hour_and_its_bars_lead_to_their_time(auditor, acme, globex):
    noon = datetime(2026, 3, 10, 15, tzinfo=UTC)
    written(
        logged(acme, at=noon),
        logged(acme, at=noon, status=500),
        logged(acme, at=noon + timedelta(hours=1)),
        logged(globex, at=noon),
    )
    for _summed in range(2):
        answer = auditor.get(f"{LOG}?from=2026-03-10T11:00&to=2026-03-10T15:00&address=203.0.113.7")
        chart = answer.context["chart"]
        assert [(bar.value, bar.part) for bar in chart.chart.bars] == [(0, 0), (2, 1), (1, 0), (0, 0)]
        assert "it counts without these filters" in answer.content.decode()
    bar = chart.bars[1]
    assert (bar.since, bar.until) == ("2026-03-10T12:00-03:00", "2026-03-10T13:00-03:00")
    assert bar.href == f"{LOG}?address=203.0.113.7&from=2026-03-10T12%3A00-03%3A00&to=2026-03-10T13%3A00-03%3A00"
    answer = auditor.get(bar.href)
    assert 'value="2026-03-10T12:00"' in answer.content.decode()
    assert [bar.value for bar in answer.context["chart"].chart.bars] == [2]


def test_the_chart_follows_the_filters_that_the_sums_know(auditor, varied):
    for query, expected in (("?within=week", 3), ("?status=4", 2), (f"?key={varied['key'].pk}", 2), ("?action=x", 0)):
        answer = auditor.get(LOG + query)
        assert sum(bar.value for bar in answer.context["chart"].chart.bars) == expected, query
        assert "it counts without these filters" not in answer.content.decode()


def test_a_chart_of_ages_is_cut_to_a_year(auditor, varied):
    answer = auditor.get(f"{LOG}?from=2000-01-01T00:00")
    assert len(answer.context["chart"].chart.bars) in (367, 368)
    assert "at most one year" in answer.content.decode()


def test_a_requests_page_says_all_that_is_known_of_it(auditor, acme, globex):
    key = issue_key(acme, name="CRM", scopes=[]).key
    row = logged(
        acme,
        at=datetime(2026, 3, 10, 15, 0, 0, 250_000, tzinfo=UTC),
        action="sync_activities",
        status=400,
        error_code="VALIDATION_ERROR",
        api_key=key,
        address="203.0.113.7",
        user_agent="<b>CRM</b>/1.0",
        duration_ms=12.34,
        bytes_in=2048,
        counts={"processed": 1200, "errors": 3, "total": 1203},
    )
    written(row)
    page = auditor.get(f"{LOG}{row.pk}/change/").content.decode()
    for text in (
        str(row.pk),
        "CRM",
        key.key_id,
        "203.0.113.7",
        "&lt;b&gt;CRM&lt;/b&gt;/1.0",
        "12.3 ms",
        "2.0",
        "1200",
        "2026-03-10 12:00:00.250-03:00",
    ):
        assert text in page, text
    assert "The body is not strict JSON" in page
    assert "<code>details</code> lists every bad field" in page


def test_a_requests_page_shows_what_it_recorded(people, acme, globex):
    with tenant_context(acme):
        CollaboratorFactory(email="maria@acme.example")
        set_mapping("default", "001", mission=MissionFactory(name="Calls"), points=5)
        answer = door(acme).send(
            activities(
                activity(external_id="one", activity_code="001", collaborator_email="maria@acme.example"),
                activity(external_id="two", activity_code="002", collaborator_email="maria@acme.example"),
                activity(external_id="lost", activity_code="001", collaborator_email="lost@acme.example"),
            )
        )
        door(acme).send(activities(activity(external_id="later", collaborator_email="maria@acme.example")))
    page = people["auditor"].get(f"{LOG}{answer['X-Request-ID']}/change/").content.decode()
    assert "2 activities of it are on record" in page
    assert "one of them counts for a mission" in page
    assert [each in page for each in ("one</a>", "two</a>", "later</a>", "lost@acme.example", "Calls")] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_the_filtered_rows_leave_as_csv(auditor, varied, acme, globex, monkeypatch):
    monkeypatch.setattr(request_search, "EXPORTED_CHUNK", 2)
    at = datetime(2026, 3, 10, 15, tzinfo=UTC)
    written(
        logged(acme, action="=1+1", at=at, user_agent="@SUM(A1)", counts={"processed": 2}, api_key=varied["key"]),
    )
    answer = auditor.get(f"{LOG}export/?from=2026-01-01T00:00")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="requests-acme-')
    assert [row["Action"] for row in rows] == ["failed", "limited", "bad", "fine", "old", "'=1+1"]
    assert rows[-1] == {
        "Time": "2026-03-10T12:00:00.000-03:00",
        "Request id": rows[-1]["Request id"],
        "Status": "200",
        "Error code": "",
        "Action": "'=1+1",
        "API key": "CRM",
        "Address": "",
        "Duration (ms)": "1.0",
        "Bytes in": "0",
        "Items": "processed=2",
        "Method": "POST",
        "Path": "/functions/v1/default-integration",
        "User agent": "'@SUM(A1)",
    }
    answer = auditor.get(f"{LOG}export/?status=4")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["Action"] for row in rows] == ["limited", "bad"]


def test_requests_without_a_known_key_are_for_platform_staff(people, acme, globex):
    written(*(logged(None, status=401, error_code="UNAUTHORIZED", path=f"/{number}") for number in range(51)))
    assert people["admin"].get(STRANGERS).status_code == 403
    first = people["staff"].get(STRANGERS)
    older = people["staff"].get(STRANGERS, {"before": first.context["before"]})
    assert [len(answer.context["table"].rows) for answer in (first, older)] == [50, 1]
    assert people["staff"].get(STRANGERS, {"before": "nowhere"}).status_code == 200


def test_nobody_changes_the_log(people, acme_rows, globex):
    address = f"{LOG}{acme_rows.request.pk}/"
    for who in ("auditor", "manager", "admin", "staff"):
        for action in ("change/", "delete/"):
            assert people[who].post(address + action, {"post": "yes", "action": "x"}).status_code == 403
    with tenant_context(acme_rows.tenant):
        assert RequestLog.objects.count() == 1
