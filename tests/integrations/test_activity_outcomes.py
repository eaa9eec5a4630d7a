"""`sync_activities`: what becomes of well-formed activities: duplicates, skipped ones, completions and points."""

import json
from datetime import UTC, datetime

import pytest

from missions.models import Activity, Mapping, Mission, ReceivedCode, Score, UnmatchedActivity
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.door import activities, activity, counts, door, logged, person, row_counts
from tests.factories import CollaboratorFactory


def scores(tenant):
    with tenant_context(tenant):
        return list(
            Score.objects.order_by("day").values_list("collaborator__email", "mission__name", "points", "completions")
        )


def unmatched(tenant):
    with tenant_context(tenant):
        return list(UnmatchedActivity.objects.order_by("external_id").values_list("external_id", "email"))


def recorded(tenant):
    with tenant_context(tenant):
        return list(Activity.objects.order_by("external_id").values_list("external_id", flat=True))


def test_a_duplicate_changes_nothing(acme, at):
    at.activities(activity(data={"first": True}, occurred_at="2026-03-17"))
    before, scored = row_counts(), scores(acme)
    again = activity(activity_code="002", data={"second": True}, occurred_at="2026-03-18")
    assert at.activities(again, again) == counts(duplicates=2)
    assert (row_counts(), scores(acme)) == (before, scored)
    with tenant_context(acme):
        assert Activity.objects.values_list("code", "data").get() == ("001", {"first": True})


def test_an_id_twice_in_a_batch_counts_once_and_the_first_wins(acme, at):
    assert at.activities(
        activity(data={"n": 1}), activity(data={"n": 2}), activity(2), activity(data={"n": 3})
    ) == counts(processed=2, duplicates=2)
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
    assert at.activities(activity(data={"n": 1}, **nobody), activity(data={"n": 2}, **nobody)) == counts(
        skipped=1, duplicates=1
    )
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
        assert UnmatchedActivity.objects.values_list("email", "code", "data").get() == (
            "none@example.com",
            "002",
            {"n": 2},
        )


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
    at.activities(
        activity(3, activity_code="500"), activity(4, activity_code="500", collaborator_email="nobody@example.com")
    )
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
