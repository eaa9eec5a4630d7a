"""`record_activities`: sums that add up and scores that equal their evidence, against a model in plain Python."""

import itertools
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Sum
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as DatabaseExamples

from missions.models import Activity, ReceivedCode, Score, UnmatchedActivity
from missions.recording import Receipt, Recorded, SentActivity, record_activities
from missions.sources import DEFAULT
from salesos.models import Collaborator
from salesos.tenancy import NoTenant, tenant_context
from salesos.tenants import create_tenant
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory

NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)
REQUEST = uuid.uuid4()


def sent(external_id="a", code="001", email="maria@example.com", occurred_at=NOW, data="{}", received_at=NOW):
    return SentActivity(code, external_id, email, occurred_at, data, Receipt(received_at, REQUEST))


def record(*activities):
    return record_activities(DEFAULT, activities)


@pytest.fixture
def floor(in_acme, globex):
    """Maria in a team, Joao in none, Ana inactive; 001 is worth 5 and 002 7 points of one mission."""
    set_up(team=TeamFactory(name="Sales"))
    return in_acme


def set_up(team=None):
    mission = MissionFactory(name="Calls")
    CollaboratorFactory(email="maria@example.com", team=team)
    CollaboratorFactory(email="joao@example.com")
    CollaboratorFactory(email="ana@example.com", is_active=False)
    MappingFactory(code="001", points=5, mission=mission)
    MappingFactory(code="002", points=7, mission=mission)
    MappingFactory(code="004", points=9, mission=MissionFactory(name="Retired", is_active=False))


def assert_scores_equal_their_evidence():
    key = ("day", "collaborator", "team", "mission")
    evidence = Activity.objects.completions().values(*key).annotate(total=Sum("points"), count=Count("id"))
    assert sorted(Score.objects.values_list(*key, "points", "completions"), key=str) == sorted(
        evidence.values_list(*key, "total", "count"), key=str
    )
    received = (
        Activity.objects.values("source", "code").annotate(count=Count("id")).values_list("source", "code", "count")
    )
    tallies = ReceivedCode.objects.values("source", "code").annotate(count=Sum("received"))
    assert sorted(tallies.values_list("source", "code", "count")) == sorted(received)


def test_nothing_is_recorded_of_nothing(floor, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert record() == Recorded(0, 0, 0)


def test_a_batch_costs_two_statements(floor, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert record(*[sent(f"{n}") for n in range(1000)]) == Recorded(1000, 0, 0)
    with django_assert_num_queries(2):
        assert record(*[sent(f"{n}") for n in range(1000)]) == Recorded(0, 0, 1000)


def test_activities_are_recorded_inside_a_tenant_only(acme, globex):
    with pytest.raises(NoTenant):
        record(sent())


def test_what_is_recorded(floor):
    record(sent("x", data='{"n": 1}', occurred_at=datetime(2026, 3, 17, 2, 0, tzinfo=UTC)))
    row = Activity.objects.select_related("collaborator", "team", "mission").get()
    assert (row.source, row.code, row.external_id, row.data) == ("default", "001", "x", {"n": 1})
    assert (row.collaborator.email, row.team.name, row.mission.name, row.points) == (
        "maria@example.com",
        "Sales",
        "Calls",
        5,
    )
    assert (row.received_at, row.request_id, row.day) == (NOW, REQUEST, date(2026, 3, 16))
    tally = ReceivedCode.objects.get()
    assert (tally.code, tally.day, tally.received, tally.last_received_at) == ("001", date(2026, 3, 17), 1, NOW)


def test_codes_of_one_mission_add_up_to_one_score(floor):
    record(sent("a"), sent("b", code="002"), sent("c", code="003"), sent("d", code="004"))
    assert Score.objects.values_list("mission__name", "points", "completions").get() == ("Calls", 12, 2)
    assert Activity.objects.uncounted().count() == 2
    assert_scores_equal_their_evidence()


def test_scores_of_people_without_a_team_add_up_too(floor):
    for number in range(3):
        record(sent(str(number), email="joao@example.com"))
    assert Score.objects.values_list("team", "points", "completions").get() == (None, 15, 3)


@pytest.mark.parametrize(
    "name",
    [
        "NULL",
        "null",
        '"',
        '""',
        "\\",
        '\\"',
        "{}",
        "{NULL}",
        ",",
        "a,b",
        " ",
        "\n",
        "'",
        "%s",
        "$1",
        "é",
        "😀",
        "\ufeff",
        "\x01",
        "\\N",
    ],
)
def test_texts_of_any_content_are_kept_to_the_letter(floor, name):
    data = json.dumps({name: [name]})
    assert record(sent(name, data=data), sent(name + "2", email=f"{name}@example.com", data=data)) == Recorded(1, 1, 0)
    row, kept = Activity.objects.get(), UnmatchedActivity.objects.get()
    assert (row.external_id, row.data) == (name, {name: [name]})
    assert (kept.external_id, kept.email, kept.data) == (name + "2", f"{name}@example.com", {name: [name]})


def test_sources_have_ids_and_codes_of_their_own(floor):
    record(sent("a"))
    with pytest.raises(IntegrityError), transaction.atomic():
        record(sent("b", code="1000"))
    assert Activity.objects.count() == 1


def test_a_batch_that_breaks_leaves_nothing(floor):
    good = [sent(str(n)) for n in range(10)] + [sent("u", email="nobody@example.com")]
    with pytest.raises(IntegrityError), transaction.atomic():
        record(*good, sent("bad", code="000"))
    counts = [model.objects.count() for model in (Activity, UnmatchedActivity, Score, ReceivedCode)]
    assert counts == [0, 0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_mission_that_is_deleted_while_its_activities_arrive_is_unknown_to_them(acme, globex):
    """Not in a transaction yet, between the look-ups of the batch and its writing, as another connection could."""
    with tenant_context(acme):
        set_up()
        doomed = MappingFactory(code="777", mission=MissionFactory(name="Doomed")).mission_id
    deleted = []

    def delete_first(execute, sql, params, many, context):
        if "INSERT INTO missions_activity" in sql and not deleted:
            deleted.append(doomed)
            with connection.cursor() as stranger:
                stranger.execute("DELETE FROM missions_mapping WHERE mission_id = %s", [doomed])
                stranger.execute("DELETE FROM missions_mission WHERE id = %s", [doomed])
        return execute(sql, params, many, context)

    with tenant_context(acme):
        with connection.execute_wrapper(delete_first):
            assert record(sent("a", code="777"), sent("b")) == Recorded(2, 0, 0)
        assert deleted == [doomed]
        assert list(Activity.objects.order_by("external_id").values_list("external_id", "points")) == [
            ("a", None), ("b", 5)
        ]  # fmt: skip
        assert_scores_equal_their_evidence()


@pytest.mark.parametrize(
    "zone", ["America/Sao_Paulo", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC"]
)
def test_an_activity_belongs_to_the_tenants_day_on_both_nights_of_the_clock_change(floor, zone):
    floor.time_zone = zone
    hours = [datetime(2026, 3, 7, 12, tzinfo=UTC) + timedelta(hours=n) for n in range(48)]
    hours += [datetime(2025, 11, 1, 12, tzinfo=UTC) + timedelta(hours=n) for n in range(48)]
    record(*[sent(str(n), occurred_at=moment) for n, moment in enumerate(hours)])
    days = {moment.astimezone(ZoneInfo(zone)).date() for moment in hours}
    assert set(Score.objects.values_list("day", flat=True)) == days
    assert sum(Score.objects.values_list("completions", flat=True)) == 96
    assert_scores_equal_their_evidence()


def test_a_batch_may_hold_activities_received_on_several_days(floor):
    yesterday = NOW - timedelta(days=1)
    record(sent("a", received_at=yesterday), sent("b"), sent("c"))
    assert list(ReceivedCode.objects.order_by("day").values_list("day", "received", "last_received_at")) == [
        (date(2026, 3, 16), 1, yesterday), (date(2026, 3, 17), 2, NOW),
    ]  # fmt: skip


def test_an_older_receipt_does_not_turn_back_the_last_one(floor):
    record(sent("a"))
    record(sent("b", received_at=NOW - timedelta(hours=1)))
    assert ReceivedCode.objects.values_list("received", "last_received_at").get() == (2, NOW)


def test_releasing_touches_only_the_ids_that_were_recorded(floor):
    nobody = {"email": "nobody@example.com"}
    record(sent("a", **nobody), sent("b", **nobody))
    assert record(sent("a"), sent("c")) == Recorded(2, 0, 0)
    assert list(UnmatchedActivity.objects.values_list("external_id", flat=True)) == ["b"]


def test_a_recorded_id_is_a_duplicate_whoever_sends_it_later(floor):
    record(sent("a"))
    assert record(
        sent("a", email="nobody@example.com"), sent("a", email="ana@example.com"), sent("a", email="joao@example.com")
    ) == (Recorded(0, 0, 3))
    assert UnmatchedActivity.objects.count() == 0


PEOPLE = ["maria@example.com", "joao@example.com", "ana@example.com", "nobody@example.com"]
POINTS = {"001": 5, "002": 7}
items = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from(["001", "002", "003", "004"]),
    st.sampled_from(PEOPLE),
    st.integers(-3, 0),
)
_numbers = itertools.count()


class Floor:
    """What a tenant's records must be, in plain Python."""

    def __init__(self):
        self.known = set(PEOPLE[:2])
        self.recorded = {}
        self.kept = {}

    def take(self, batch):
        """Of the items with one id the first counts that somebody known did, else the first; unless it is recorded."""
        processed = skipped = 0
        for external_id in dict.fromkeys(item[0] for item in batch):
            if external_id in self.recorded:
                continue
            same = [item for item in batch if item[0] == external_id]
            matched = [item for item in same if item[2] in self.known]
            if matched:
                self.recorded[external_id] = matched[0]
                self.kept.pop(external_id, None)
                processed += 1
            else:
                self.kept[external_id] = same[0]
                skipped += 1
        return Recorded(processed, skipped, len(batch) - processed - skipped)

    def scores(self):
        sums = {}
        for _external_id, code, email, days in self.recorded.values():
            if code in POINTS:
                points, completions = sums.get((email, days), (0, 0))
                sums[email, days] = points + POINTS[code], completions + 1
        return sums


class RandomBatches(DatabaseExamples):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.tuples(st.lists(items, max_size=12), st.booleans()), min_size=1, max_size=4))
    def test_sums_records_and_scores_are_those_of_the_model(self, batches):
        number = next(_numbers)
        acme, globex = create_tenant(f"Acme {number}", time_zone="America/Sao_Paulo"), create_tenant(f"Globex {number}")
        for tenant in (globex, acme):
            with tenant_context(tenant):
                set_up()
        with tenant_context(acme):
            model = Floor()
            for batch, is_ana_back in batches:
                if is_ana_back:
                    Collaborator.objects.update(is_active=True)
                    model.known.add("ana@example.com")
                outcome = record(*[sent(i, code, email, NOW + timedelta(days=days)) for i, code, email, days in batch])
                assert outcome == model.take(batch)
                assert sum(outcome) == len(batch)
            assert {
                row.external_id: (row.external_id, row.code, row.collaborator.email, (row.occurred_at - NOW).days)
                for row in Activity.objects.select_related("collaborator")
            } == model.recorded
            assert {row.external_id: row.email for row in UnmatchedActivity.objects.all()} == {
                external_id: item[2] for external_id, item in model.kept.items()
            }
            assert {
                (email, (day - NOW.date()).days): (points, completions)
                for email, day, points, completions in Score.objects.values_list(
                    "collaborator__email", "day", "points", "completions"
                )
            } == model.scores()
            assert_scores_equal_their_evidence()
        with tenant_context(globex):
            assert (Activity.objects.count(), Score.objects.count(), UnmatchedActivity.objects.count()) == (0, 0, 0)
