"""`sync_activities`, bullet by bullet of the contract."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from missions.models import Activity, Mapping, Mission, ReceivedCode, Score, UnmatchedActivity
from salesos.models import Collaborator, Tenant
from salesos.tenancy import tenant_context
from tests.door import activities, activity, details, door, logged, person, refusal, row_counts
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory

CODE = {"field": "activity_code", "message": 'Required 3-digit string (001-999), e.g. "001"'}
EXTERNAL_ID = {"field": "external_id", "message": "Required string of 1 to 255 characters"}
EMAIL = {"field": "collaborator_email", "message": "Required valid email"}
DATA = {"field": "data", "message": "Must be an object of finite numbers, texts, lists and objects"}
OCCURRED_AT = {"field": "occurred_at", "message": "Must be an ISO 8601 date and time, e.g. 2026-03-17T09:15:00-03:00"}
ITEM = {"field": "activities", "message": "Must be an object"}


@pytest.fixture
def at(acme, globex):
    """Acme has person 1, in a team, and code 001 mapped to 5 points; Globex the same, with 7."""
    for tenant, points in ((acme, 5), (globex, 7)):
        CollaboratorFactory(
            tenant=tenant, external_id="emp-1", email="person1@example.com", team=TeamFactory(tenant=tenant, name="Sales")
        )
        MappingFactory(tenant=tenant, code="001", points=points, mission=MissionFactory(tenant=tenant, name="Calls"))
    return door(acme)


def counts(processed=0, skipped=0, duplicates=0, errors=()):
    total = processed + skipped + duplicates + len(errors)
    return {"processed": processed, "skipped": skipped, "duplicates": duplicates, "errors": list(errors), "total": total}


def scores(tenant):
    with tenant_context(tenant):
        return list(Score.objects.order_by("day").values_list("collaborator__email", "mission__name", "points", "completions"))


def unmatched(tenant):
    with tenant_context(tenant):
        return list(UnmatchedActivity.objects.order_by("external_id").values_list("external_id", "email"))


def recorded(tenant):
    with tenant_context(tenant):
        return list(Activity.objects.order_by("external_id").values_list("external_id", flat=True))


@pytest.mark.parametrize(
    "code",
    [None, "", "000", 1, 1.0, "1", "01", "0001", "００１", "٠٠١", "abc", "00a", " 001", "001 ", "001\n", "-01", "+01", "0x1", True, [], {}, ["001"]],
)
def test_a_code_that_is_no_string_of_three_digits_is_refused(at, code):
    assert details(at.send(activities(activity(activity_code=code)))) == [{"index": 0} | CODE]


@pytest.mark.parametrize("code", ["001", "009", "010", "099", "100", "999"])
def test_every_code_from_001_to_999_is_taken(acme, at, code):
    assert at.activities(activity(activity_code=code)) == counts(processed=1)
    with tenant_context(acme):
        assert Activity.objects.get().code == code


@pytest.mark.parametrize("external_id", [None, "", 1, True, [], {}, "x" * 256, "é" * 256])
def test_an_external_id_that_is_no_string_within_bounds_is_refused(at, external_id):
    assert details(at.send(activities(activity(external_id=external_id)))) == [{"index": 0} | EXTERNAL_ID]


@pytest.mark.parametrize(
    "external_id", ["x", " ", "é" * 255, "😀" * 255, 'NULL', 'null', '"', "\\", "{}", "a,b", "'; DROP TABLE x; --", "%s", "\n", "\x7f"]
)
def test_an_external_id_is_kept_to_the_letter(acme, at, external_id):
    sent = activity(external_id=external_id), activity(external_id=external_id, collaborator_email="nobody@example.com")
    assert at.activities(*sent) == counts(processed=1, duplicates=1)
    assert recorded(acme) == [external_id]
    assert at.activities(*sent) == counts(duplicates=2)


def test_external_ids_that_differ_in_case_or_spaces_are_different(acme, at):
    assert at.activities(*[activity(external_id=text) for text in ("a", "A", " a", "a ")]) == counts(processed=4)


@pytest.mark.parametrize(
    "email",
    [None, "", 1, [], {}, "x", "@", "x@", "@example.com", "x@example", "x y@example.com", "x@exam ple.com", "x@.com", "x@example..com",
     "x@-example.com", "x@example-.com", "<x@example.com>", "X <x@example.com>", "x@example.com\ny", "x@@example.com", "x" * 250 + "@example.com"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(at, email):
    assert details(at.send(activities(activity(collaborator_email=email)))) == [{"index": 0} | EMAIL]


@pytest.mark.parametrize("email", ["PERSON1@EXAMPLE.COM", " person1@example.com ", "\tPerson1@Example.com\n"])
def test_an_address_is_trimmed_and_compared_without_case(at, email):
    assert at.activities(activity(collaborator_email=email)) == counts(processed=1)


def test_an_address_longer_than_254_characters_is_no_match_and_no_error_of_ours(at):
    longest = "x" * (254 - len("@example.com")) + "@example.com"
    assert at.activities(activity(collaborator_email=longest)) == counts(skipped=1)


@pytest.mark.parametrize("data", [[], "x", 1, True, "{}"])
def test_data_must_be_an_object(at, data):
    assert details(at.send(activities(activity(data=data)))) == [{"index": 0} | DATA]


@pytest.mark.parametrize("sent", [{}, {"data": None}, {"data": {}}, {"data": None, "occurred_at": None}])
def test_optional_fields_may_be_absent_or_null(acme, at, sent):
    response = at.send(activities(activity(**sent)))
    assert response.json()["data"] == counts(processed=1)
    with tenant_context(acme):
        activity_ = Activity.objects.get()
        assert (activity_.data, activity_.occurred_at, activity_.received_at) == ({}, *[logged(response).at] * 2)
        assert str(activity_.request_id) == response["X-Request-ID"]


@pytest.mark.parametrize("item", [None, 1, "x", [], True])
def test_an_item_must_be_an_object(at, item):
    assert details(at.send(activities(activity(), item))) == [{"index": 1} | ITEM]


def test_all_faults_of_all_items_are_listed_in_order_and_each_field_once(acme, at):
    before = row_counts()
    response = at.send(
        activities(
            {},
            activity(1),
            activity(2, collaborator_email=5, activity_code=[], external_id={}, data="x", occurred_at="yesterday"),
            [],
            activity(3, occurred_at=7, data=[]),
            activity(4, activity_code=""),
        )
    )
    assert refusal(response) == (400, "VALIDATION_ERROR", "Invalid activities payload")
    assert details(response) == [
        *[{"index": 0} | row for row in (CODE, EXTERNAL_ID, EMAIL)],
        *[{"index": 2} | row for row in (CODE, EXTERNAL_ID, EMAIL, DATA, OCCURRED_AT)],
        {"index": 3} | ITEM,
        *[{"index": 4} | row for row in (DATA, OCCURRED_AT)],
        {"index": 5} | CODE,
    ]
    assert [list(row) for row in details(response)] == [["index", "field", "message"]] * 12
    assert row_counts() == before


def test_a_thousand_faulty_items_are_all_listed(at):
    assert details(at.send(activities(*[{}] * 1000))) == [
        {"index": index} | row for index in range(1000) for row in (CODE, EXTERNAL_ID, EMAIL)
    ]


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("2026-03-17T09:15:00Z", "2026-03-17T09:15:00+00:00", "2026-03-17"),
        ("2026-03-17T09:15:00-03:00", "2026-03-17T12:15:00+00:00", "2026-03-17"),
        ("2026-03-17T09:15:00", "2026-03-17T12:15:00+00:00", "2026-03-17"),  # without an offset: the tenant's zone
        ("2026-03-17 09:15", "2026-03-17T12:15:00+00:00", "2026-03-17"),
        ("2026-03-17T09:15:00.123456789Z", "2026-03-17T09:15:00.123456+00:00", "2026-03-17"),
        ("2026-03-17T09:15:00,5Z", "2026-03-17T09:15:00.5+00:00", "2026-03-17"),
        ("20260317T091500Z", "2026-03-17T09:15:00+00:00", "2026-03-17"),
        ("2026-03-17T09:15+0530", "2026-03-17T03:45:00+00:00", "2026-03-17"),
        ("2026-03-17", "2026-03-17T03:00:00+00:00", "2026-03-17"),  # a date alone: its midnight
        ("2026-W12-2", "2026-03-17T03:00:00+00:00", "2026-03-17"),
        ("2026-03-18T02:59:59Z", "2026-03-18T02:59:59+00:00", "2026-03-17"),  # still the day before in São Paulo
        ("2026-03-18T03:00:00Z", "2026-03-18T03:00:00+00:00", "2026-03-18"),
        ("2026-03-17T09:15:00+23:59", "2026-03-16T09:16:00+00:00", "2026-03-16"),
        ("2026-03-17T09:15:00-23:59", "2026-03-18T09:14:00+00:00", "2026-03-18"),
        ("2026-03-17T09:15:00+00:00:30.5", "2026-03-17T09:14:29.5+00:00", "2026-03-17"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00", "1969-12-31"),
        # São Paulo sprang forward at midnight of 2018-11-04, which did not exist there, and fell back on 2018-02-18
        ("2018-11-04", "2018-11-04T03:00:00+00:00", "2018-11-04"),
        ("2018-11-04T00:30:00", "2018-11-04T03:30:00+00:00", "2018-11-04"),
        ("2018-02-17T23:30:00", "2018-02-18T01:30:00+00:00", "2018-02-17"),
        ("2018-02-17T23:30:00-03:00", "2018-02-18T02:30:00+00:00", "2018-02-17"),
    ],
)
def test_a_moment_is_read_in_every_form_of_iso_8601(acme, at, text, moment, day):
    assert at.activities(activity(occurred_at=text)) == counts(processed=1)
    with tenant_context(acme):
        stored = Activity.objects.get()
        assert (stored.occurred_at, stored.day) == (datetime.fromisoformat(moment), date.fromisoformat(day))
        assert Score.objects.get().day == stored.day


@pytest.mark.parametrize(
    "text",
    ["", " ", "yesterday", "2026-13-01", "2026-02-29", "2026-03-17T25:00", "2026-03", "17/03/2026", "1742202900", 1742202900, 1.5,
     True, [], {}, "2026-03-17T09:15:00+24:00", "2026-03-17x09:15", "２０２６-03-17", "2026-03-17T09:15:00Z\n", "10000-01-01", "-2026-03-17",
     "0000-01-01", "infinity", "now", "x" * 100_000],
)  # fmt: skip
def test_what_is_no_moment_is_refused(at, text):
    assert details(at.send(activities(activity(occurred_at=text)))) == [{"index": 0} | OCCURRED_AT]


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Pacific/Kiritimati", "Pacific/Niue", "UTC"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9999-12-31T23:59:59.999999", "is more than 24 hours ahead"),
        ("9999-12-31T23:59:59-23:59", "is more than 24 hours ahead"),
        ("9999-12-31", "is more than 24 hours ahead"),
        ("0001-01-01", "is before 1970"),
        ("0001-01-01T00:00:00+23:59", "is before 1970"),
        ("1969-12-31T23:59:59Z", "is before 1970"),
    ],
)
def test_a_moment_that_can_not_be_is_an_error_of_its_item(acme, at, zone, text, reason):
    Tenant.objects.filter(pk=acme.pk).update(time_zone=zone)
    answer = at.activities(activity(1), activity(2, occurred_at=text), activity(3))
    assert answer == counts(processed=2, errors=[f"Activity evt-2: occurred_at {reason}"])
    assert recorded(acme) == ["evt-1", "evt-3"]


def test_24_hours_ahead_are_the_limit(acme, at):
    now = datetime.now(UTC)
    below, above = (now + timedelta(hours=24, seconds=seconds) for seconds in (-60, 60))
    answer = at.activities(activity(1, occurred_at=below.isoformat()), activity(2, occurred_at=above.isoformat()))
    assert answer == counts(processed=1, errors=["Activity evt-2: occurred_at is more than 24 hours ahead"])
    with tenant_context(acme):
        assert Activity.objects.get().occurred_at == below


def test_an_item_in_error_does_not_take_its_external_id(at):
    assert at.activities(activity(occurred_at="9999-12-31"))["errors"] == ["Activity evt-1: occurred_at is more than 24 hours ahead"]
    assert at.activities(activity()) == counts(processed=1)


def test_a_duplicate_changes_nothing(acme, at):
    at.activities(activity(data={"first": True}, occurred_at="2026-03-17"))
    before, scored = row_counts(), scores(acme)
    again = activity(activity_code="002", data={"second": True}, occurred_at="2026-03-18")
    assert at.activities(again, again) == counts(duplicates=2)
    assert (row_counts(), scores(acme)) == (before, scored)
    with tenant_context(acme):
        assert Activity.objects.values_list("code", "data").get() == ("001", {"first": True})


def test_an_id_twice_in_a_batch_counts_once_and_the_first_wins(acme, at):
    assert at.activities(activity(data={"n": 1}), activity(data={"n": 2}), activity(2), activity(data={"n": 3})) == counts(
        processed=2, duplicates=2
    )
    with tenant_context(acme):
        assert Activity.objects.get(external_id="evt-1").data == {"n": 1}
    assert scores(acme) == [("person1@example.com", "Calls", 10, 2)]


def test_a_duplicate_is_told_before_its_address_is_looked_up(acme, at):
    at.activities(activity())
    assert at.activities(activity(collaborator_email="nobody@example.com")) == counts(duplicates=1)
    with tenant_context(acme):
        Collaborator.objects.update(is_active=False)
    assert at.activities(activity(), activity(2)) == counts(skipped=1, duplicates=1)
    assert unmatched(acme) == [("evt-2", "person1@example.com")]


def test_an_earlier_item_of_the_batch_makes_a_duplicate_also_where_nobody_has_the_address(acme, at):
    nobody = {"collaborator_email": "nobody@example.com"}
    assert at.activities(activity(data={"n": 1}, **nobody), activity(data={"n": 2}, **nobody)) == counts(skipped=1, duplicates=1)
    with tenant_context(acme):
        assert UnmatchedActivity.objects.get().data == {"n": 1}


@pytest.mark.parametrize("order", [1, -1])
def test_an_id_with_a_known_and_an_unknown_address_in_a_batch_is_processed_once(acme, at, order):
    sent = [activity(), activity(collaborator_email="nobody@example.com")][::order]
    assert at.activities(*sent) == counts(processed=1, duplicates=1)
    assert (recorded(acme), unmatched(acme)) == (["evt-1"], [])


def test_the_same_id_counts_once_in_each_tenant_and_in_the_sandbox(acme, globex, at):
    CollaboratorFactory(tenant=acme.sandbox, email="person1@example.com")
    for where in (at, door(globex), door(acme.sandbox)):
        assert where.activities(activity()) == counts(processed=1)
        assert where.activities(activity()) == counts(duplicates=1)
    assert (scores(acme), scores(globex), scores(acme.sandbox)) == (
        [("person1@example.com", "Calls", 5, 1)], [("person1@example.com", "Calls", 7, 1)], []
    )  # fmt: skip


def test_nobody_of_another_tenant_is_credited(acme, globex, at):
    CollaboratorFactory(tenant=globex, email="only-globex@example.com")
    assert at.activities(activity(collaborator_email="only-globex@example.com")) == counts(skipped=1)
    assert (unmatched(acme), unmatched(globex)) == ([("evt-1", "only-globex@example.com")], [])


def test_a_skipped_activity_is_kept_whole_and_processed_when_it_is_sent_again(acme, globex, at):
    late = activity(collaborator_email=" NEW@example.com", data={"n": 30**20}, occurred_at="2026-03-17T09:15:00")
    response = at.send(activities(late))
    assert response.json()["data"] == counts(skipped=1)
    with tenant_context(acme):
        kept = UnmatchedActivity.objects.get()
        assert (kept.source, kept.code, kept.external_id, kept.email) == ("default", "001", "evt-1", "new@example.com")
        assert (kept.data, kept.occurred_at) == ({"n": 30**20}, datetime(2026, 3, 17, 12, 15, tzinfo=UTC))
        assert (str(kept.request_id), kept.received_at) == (response["X-Request-ID"], logged(response).at)
        assert Activity.objects.count() == 0
    assert at.activities(late) == counts(skipped=1)
    assert unmatched(acme) == [("evt-1", "new@example.com")]
    at.people(person(2, email="new@example.com"))
    assert at.activities(late) == counts(processed=1)
    assert at.activities(late) == counts(duplicates=1)
    assert (unmatched(acme), recorded(acme)) == ([], ["evt-1"])
    assert scores(acme) == [("new@example.com", "Calls", 5, 1)]


def test_a_kept_activity_sent_again_is_kept_as_it_was_sent_last(acme, at):
    at.activities(activity(collaborator_email="nobody@example.com", data={"n": 1}))
    at.activities(activity(collaborator_email="none@example.com", data={"n": 2}, activity_code="002"))
    with tenant_context(acme):
        assert UnmatchedActivity.objects.values_list("email", "code", "data").get() == ("none@example.com", "002", {"n": 2})


def test_a_kept_activity_of_another_tenant_stays_when_the_same_id_is_recorded(acme, globex, at):
    there = door(globex)
    there.activities(activity(collaborator_email="nobody@example.com"))
    assert at.activities(activity()) == counts(processed=1)
    assert unmatched(globex) == [("evt-1", "nobody@example.com")]


def test_an_inactive_persons_activities_are_kept(acme, at):
    with tenant_context(acme):
        Collaborator.objects.update(is_active=False)
    assert at.activities(activity()) == counts(skipped=1)
    assert unmatched(acme) == [("evt-1", "person1@example.com")]


def test_a_mapped_code_is_a_completion_with_the_points_of_that_moment_for_ever(acme, globex, at):
    at.activities(activity(1, occurred_at="2026-03-17"))
    with tenant_context(acme):
        Mapping.objects.update(points=9)
    at.activities(activity(2, occurred_at="2026-03-18"))
    with tenant_context(acme):
        Mapping.objects.all().delete()
    at.activities(activity(3, occurred_at="2026-03-19"))
    with tenant_context(acme):
        assert list(Activity.objects.order_by("external_id").values_list("mission__name", "points", "team__name")) == [
            ("Calls", 5, "Sales"), ("Calls", 9, "Sales"), (None, None, "Sales"),
        ]  # fmt: skip
    assert [row[2:] for row in scores(acme)] == [(5, 1), (9, 1)]
    assert scores(globex) == []


def test_an_inactive_mission_awards_nothing(acme, at):
    with tenant_context(acme):
        Mission.objects.update(is_active=False)
    assert at.activities(activity()) == counts(processed=1)
    assert scores(acme) == []


def test_a_mapping_to_no_points_is_a_completion_without_points(acme, at):
    with tenant_context(acme):
        Mapping.objects.update(points=0)
    at.activities(activity())
    assert scores(acme) == [("person1@example.com", "Calls", 0, 1)]


def test_unmapped_codes_are_kept_uncounted_and_tallied(acme, globex, at):
    at.activities(activity(1), activity(2, activity_code="500"), activity(3, activity_code="500"))
    at.activities(activity(3, activity_code="500"), activity(4, activity_code="500", collaborator_email="nobody@example.com"))
    with tenant_context(acme):
        assert list(ReceivedCode.objects.order_by("code").values_list("code", "received")) == [("001", 1), ("500", 2)]
        assert Activity.objects.uncounted().count() == 2
    assert scores(acme) == [("person1@example.com", "Calls", 5, 1)]
    with tenant_context(globex):
        assert ReceivedCode.objects.count() == 0


def test_points_stay_with_the_team_in_which_they_were_earned(acme, at):
    at.activities(activity(1, occurred_at="2026-03-17"))
    at.people(person(1, team="Other"))
    at.activities(activity(2, occurred_at="2026-03-17"))
    at.people(person(1, team=None))
    at.activities(activity(3, occurred_at="2026-03-17"))
    with tenant_context(acme):
        by_team = Score.objects.values_list("team__name", "points", "completions")
        assert sorted(by_team, key=str) == [("Other", 5, 1), ("Sales", 5, 1), (None, 5, 1)]


def test_the_answer_names_its_counts_in_the_log(acme, at):
    response = at.send(activities(activity(1), activity(1), activity(2, collaborator_email="nobody@example.com"),
                                  activity(3, occurred_at="9999-12-31")))  # fmt: skip
    row = logged(response)
    assert row.counts == {"processed": 1, "skipped": 1, "duplicates": 1, "errors": 1, "total": 4}
    assert (row.action, row.tenant_id, row.error_code) == ("sync_activities", acme.pk, "")


def test_a_re_sent_batch_is_all_duplicates(at):
    sent = json.dumps(activities(*[activity(n) for n in range(1000)])).encode()
    assert at.send(sent).json()["data"] == counts(processed=1000)
    assert at.send(sent).json()["data"] == counts(duplicates=1000)
