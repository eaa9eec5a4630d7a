"""Activities: found by person, code, external id and time; told why they counted or not; exported as found."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from missions import activity_search
from missions.activity_search import Asked, found
from missions.activity_story import story_of
from missions.mapping import remove_mapping, set_mapping
from missions.models import Activity, Mapping, Mission
from missions.recording import Receipt, SentActivity, record_activities
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.salesos.admin.conftest import acme_rows, globex_rows, people, staff  # noqa: F401

LIST = "/dashboard/missions/activity/"
EXPORT = f"{LIST}export/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def manager(people):  # noqa: F811
    return people["manager"]


@pytest.fixture
def rows(acme_rows, globex_rows):  # noqa: F811
    return acme_rows


@pytest.fixture
def zoe(rows):
    """Somebody with an activity each hour from noon on: z-0 to z-3."""
    with tenant_context(rows.tenant):
        zoe = CollaboratorFactory(name="Zoë Lima", email="zoe@acme.example")
        for number in range(4):
            send(f"z-{number}", zoe.email, at=NOON + number * HOUR, code="002")
    return zoe


def send(external_id, email, *, at=NOON, code="001", data="{}", request_id=None):
    record_activities("default", [SentActivity(code, external_id, email, at, data, Receipt(at, request_id))])


def ids(answer):
    return [activity.external_id for activity in answer.context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "zoë"}, ["z-3", "z-2", "z-1", "z-0"]),
        ({"q": "ZOE@acme"}, ["z-3", "z-2", "z-1", "z-0"]),
        ({"q": " z-1 "}, ["z-1"]),
        ({"q": "z-"}, []),
        ({"q": "%"}, []),
        ({"q": "zoë", "code": "001"}, []),
        ({"q": "zoë", "since": "2026-11-20T10:00"}, ["z-3", "z-2", "z-1"]),
        ({"since": "2026-11-20T10:00", "until": "2026-11-20T11:00"}, ["z-2", "z-1"]),
        ({"since": "2026-11-20T09:30", "until": "2026-11-20T10:59", "code": "002"}, ["z-1"]),
        ({"until": "2026-11-20T08:59"}, []),
        ({"code": "002"}, ["z-3", "z-2", "z-1", "z-0"]),
        ({"code": "501"}, ["acme-unmapped-0"]),
        ({"counted": "yes"}, ["acme-0"]),
        ({"since": "nonsense", "code": "501"}, ["acme-unmapped-0"]),
        ({"since": "9999-12-31T23:59", "until": "9999-12-31T23:59"}, []),
        ({"since": "0001-01-01T00:00"}, []),
        ({"until": "0001-01-01T00:00"}, []),
    ],
)
def test_activities_are_found(manager, rows, zoe, query, expected):
    assert ids(manager.get(LIST, query)) == expected


def test_pages_follow_each_other(manager, rows, zoe, monkeypatch):
    from missions.admin.activities import ActivityAdmin  # noqa: PLC0415

    monkeypatch.setattr(ActivityAdmin, "list_per_page", 3)
    everything = ids(manager.get(LIST, {"q": "a"})) + ids(manager.get(LIST, {"q": "a", "p": "2"}))
    assert everything[:3] == ["z-3", "z-2", "z-1"]
    assert sorted(everything) == ["acme-0", "acme-unmapped-0", "z-0", "z-1", "z-2", "z-3"]


def test_a_persons_activities_are_those_of_their_aliases_too(manager, rows, zoe):
    with tenant_context(rows.tenant):
        Collaborator.objects.filter(pk=zoe.pk).update(merged_into=rows.person)
    for name in ("zoë", "person0@acme.example"):
        answer = manager.get(LIST, {"q": name})
        assert sorted(ids(answer)) == ["acme-0", "acme-unmapped-0", "z-0", "z-1", "z-2", "z-3"]
    assert "Zoë" not in answer.content.decode()


def test_a_long_time_is_cut_and_the_list_says_so(manager, rows, zoe):
    answer = manager.get(LIST, {"since": "2026-01-01T00:00", "until": "2026-11-20T09:00"})
    assert sorted(ids(answer)) == ["acme-0", "acme-unmapped-0", "z-0"]
    assert "from 20 Oct 2026, 09:01 to 20 Nov 2026, 09:01" in answer.context["cl"].note
    assert answer.context["cl"].note in answer.content.decode()


def test_what_no_index_knows_is_looked_for_among_the_newest(manager, rows, zoe, monkeypatch):
    assert manager.get(LIST, {"code": "501"}).context["cl"].note == ""
    monkeypatch.setattr(activity_search, "MOST_LOOKED_AT", 4)
    answer = manager.get(LIST, {"code": "501"})
    assert (ids(answer), "among the newest 4" in answer.context["cl"].note) == ([], True)
    assert ids(manager.get(LIST, {"q": "acme person", "code": "501"})) == ["acme-unmapped-0"]


def test_what_is_found_is_exported(manager, rows, zoe, monkeypatch):
    monkeypatch.setattr(activity_search, "CHUNK", 2)

    def exported(**query):
        text = manager.get(EXPORT, query).getvalue().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    assert [row["external id"] for row in exported(q="zoë")] == ["z-3", "z-2", "z-1", "z-0"]
    assert len(exported()) == 6
    (row,) = exported(counted="yes")
    assert (row["occurred at"], row["person"], row["counts for"], row["points"]) == (
        "2026-11-20 09:00:00", "acme person 0", "acme mission 0", "5",
    )  # fmt: skip
    assert [row["external id"] for row in exported(since="2026-11-20T11:00")] == ["z-3", "z-2"]


# Why


@pytest.fixture
def in_rows(rows):
    with tenant_context(rows.tenant):
        yield rows


def told(external_id):
    story = story_of(
        Activity.objects.select_related("collaborator__merged_into", "mission").get(external_id=external_id)
    )
    return [str(sentence) for sentence in story.sentences], story.is_appliable


def test_a_completion_tells_its_points_and_what_the_code_is_worth_today(in_rows):
    counted = "It counts for “acme mission 0” with 5 points, fixed when it was counted."
    assert told("acme-0") == ([counted], False)
    other = Mission.objects.create(name="Other")
    set_mapping("default", "001", mission=other, points=1000)
    today = "Today its code leads to “Other” for 1,000 points; what was earned stays."
    assert told("acme-0") == ([counted, today], False)
    remove_mapping("default", "001", by=None)
    assert told("acme-0") == ([counted, "Its code is not mapped any more; what was earned stays."], False)


def test_what_did_not_count_tells_what_is_known(in_rows):
    assert told("acme-unmapped-0") == (["It counts for nothing: its code is not mapped to a mission."], False)
    mapping = set_mapping("default", "501", mission=in_rows.mission, points=5)
    Mapping.objects.filter(pk=mapping.pk).update(updated_at=NOON + HOUR)
    saved_later = (
        "It counts for nothing: the mapping of its code to “acme mission 0” was saved after it arrived "
        "(20 Nov 2026, 13:00)."
    )
    assert told("acme-unmapped-0") == ([saved_later], True)
    Mission.objects.update(is_active=False)
    assert told("acme-unmapped-0") == ([saved_later, "“acme mission 0” is inactive now."], False)
    Mapping.objects.filter(pk=mapping.pk).update(updated_at=NOON - HOUR)
    assert told("acme-unmapped-0")[0][0].endswith("a mission that is inactive awards nothing.")


def test_whose_it_is_now_is_told(in_rows):
    Collaborator.objects.update(is_active=False)
    assert told("acme-0")[0][1] == "acme person 0 is inactive now and on no board."
    ana = CollaboratorFactory(name="Ana")
    Collaborator.objects.filter(pk=in_rows.person.pk).update(merged_into=ana)
    assert told("acme-0")[0][1:] == [
        "It was recorded for person0@acme.example, a record that was merged into Ana: it counts there."
    ]


def test_the_payload_is_shown_exactly_and_safely(manager, rows):
    with tenant_context(rows.tenant):
        data = '{"n": 1.00000000000000000001, "deep": [[[{"a": "<script>x</script>"}]]], "ç": "Zöe"}'
        send("exact", rows.person.email, data=data)
        pk = Activity.objects.get(external_id="exact").pk
    page = manager.get(f"{LIST}{pk}/change/").content.decode()
    assert "1.00000000000000000001" in page
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "Zöe" in page


def test_the_request_is_linked_for_whoever_may_read_the_log(people, rows):  # noqa: F811
    with tenant_context(rows.tenant):
        send("logged", rows.person.email, request_id=rows.request.pk)
        send("pruned", rows.person.email, request_id=uuid7())
        pks = dict(Activity.objects.values_list("external_id", "pk"))
    link = f"/dashboard/salesos/requestlog/{rows.request.pk}/change/"
    for who, external_id, is_linked in (
        ("auditor", "logged", True),
        ("manager", "logged", False),
        ("auditor", "pruned", False),
    ):
        page = people[who].get(f"{LIST}{pks[external_id]}/change/").content.decode()
        assert ("/requestlog/" in page.split("Why it")[1], link in page) == (is_linked, is_linked), who


# Plans


def plan_of(statement, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.alone
def test_a_person_and_a_time_are_found_by_one_range_of_the_index_for_each_record(in_rows, zoe):
    asked = Asked(text="zoë", since=NOON, until=NOON + HOUR)
    with CaptureQueriesContext(connection) as captured:
        found(Activity.objects.all(), asked)[0:50]
    (statement,) = [query["sql"] for query in captured if "LATERAL" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = on")
    plan = plan_of(statement)
    assert "activity_by_collaborator" in plan
    (condition,) = [line for line in plan.splitlines() if "Index Cond" in line]
    assert all(
        column in condition for column in ("tenant_id =", "collaborator_id =", "occurred_at >=", "occurred_at <")
    )


def test_nothing_is_asked_of_every_row(in_rows, zoe):
    now = timezone.now()
    for asked in (Asked(), Asked(text="z-1"), Asked(text="zoë"), Asked(since=now), Asked(is_filtered=True)):
        with CaptureQueriesContext(connection) as captured:
            found(Activity.objects.order_by("-id"), asked)[0:50]
        read = [query["sql"] for query in captured if 'FROM "missions_activity"' in query["sql"]]
        assert all("LIMIT" in sql or '"id" IN' in sql for sql in read), read
