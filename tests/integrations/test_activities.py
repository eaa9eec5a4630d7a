"""`sync_activities`: which activities are well-formed, and which moments can be."""

from datetime import UTC, date, datetime, timedelta

import pytest

from missions.models import Activity, Score
from salesos.models import Tenant
from salesos.tenancy import tenant_context
from tests.door import activities, activity, counts, details, logged, refusal, row_counts

CODE = {"field": "activity_code", "message": 'Required 3-digit string (001-999), e.g. "001"'}
EXTERNAL_ID = {"field": "external_id", "message": "Required string of 1 to 255 characters"}
EMAIL = {"field": "collaborator_email", "message": "Required valid email"}
DATA = {"field": "data", "message": "Must be an object of finite numbers, texts, lists and objects"}
OCCURRED_AT = {"field": "occurred_at", "message": "Must be an ISO 8601 date and time, e.g. 2026-03-17T09:15:00-03:00"}
ITEM = {"field": "activities", "message": "Must be an object"}


def recorded(tenant):
    with tenant_context(tenant):
        return list(Activity.objects.order_by("external_id").values_list("external_id", flat=True))


@pytest.mark.parametrize(
    "code",
    [
        None,
        "",
        "000",
        1,
        1.0,
        "1",
        "01",
        "0001",
        "００１",
        "٠٠١",
        "abc",
        "00a",
        " 001",
        "001 ",
        "001\n",
        "-01",
        "+01",
        "0x1",
        True,
        [],
        {},
        ["001"],
    ],
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
    "external_id",
    [
        "x",
        " ",
        "é" * 255,
        "😀" * 255,
        "NULL",
        "null",
        '"',
        "\\",
        "{}",
        "a,b",
        "'; DROP TABLE x; --",
        "%s",
        "\n",
        "\x7f",
    ],
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
    [
        None,
        "",
        1,
        [],
        {},
        "x",
        "@",
        "x@",
        "@example.com",
        "x@example",
        "x y@example.com",
        "x@exam ple.com",
        "x@.com",
        "x@example..com",
        "x@-example.com",
        "x@example-.com",
        "<x@example.com>",
        "X <x@example.com>",
        "x@example.com\ny",
        "x@@example.com",
        "x" * 250 + "@example.com",
    ],
)
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
        ("2026-03-17t09:15:00z", "2026-03-17T09:15:00+00:00", "2026-03-17"),
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
    [
        "",
        " ",
        "yesterday",
        "2026-13-01",
        "2026-02-29",
        "2026-03-17T24:00:00",
        "2026-03-17T25:00",
        "2026-03",
        "17/03/2026",
        "1742202900",
        1742202900,
        1.5,
        True,
        [],
        {},
        "2026-03-17T09:15:00+24:00",
        "2026-03-17x09:15",
        "２０２６-03-17",
        "2026-03-17T09:15:00Z\n",
        "10000-01-01",
        "-2026-03-17",
        "0000-01-01",
        "infinity",
        "now",
        "x" * 100_000,
    ],
)
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
    assert at.activities(activity(occurred_at="9999-12-31"))["errors"] == [
        "Activity evt-1: occurred_at is more than 24 hours ahead"
    ]
    assert at.activities(activity()) == counts(processed=1)
