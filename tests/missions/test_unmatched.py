import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from missions import unmatched
from missions.models import Activity, UnmatchedActivity
from missions.recording import Recorded, record_activities
from missions.unmatched import UnmatchedPerson, discard, replay, replay_as, unmatched_people
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.missions.evidence import A_DAY, scores, sent, sums_of_evidence

DAY = timedelta(days=1)
NEW = "new@example.com"


@pytest.fixture
def calls(in_acme, globex):
    """What Acme counts; globex has kept activities of its own."""
    mission = MissionFactory(name="Calls")
    MappingFactory(code="001", mission=mission, points=5)
    return mission


def keep(*activities):
    assert record_activities("default", activities) == Recorded(0, len(activities), 0)


def registered(email=NEW, **fields):
    return CollaboratorFactory(email=email, **fields)


def kept_ids():
    return sorted(UnmatchedActivity.objects.values_list("external_id", flat=True))


def left_behind(activity):
    """A kept row as a sync leaves it that ran at the same moment as the one that recorded the activity."""
    said = {name: getattr(activity, name) for name in ("code", "external_id", "email", "occurred_at")}
    receipt = {"received_at": activity.receipt.at, "request_id": activity.receipt.request_id}
    UnmatchedActivity.objects.create(source="default", **said, **receipt)


def test_kept_activities_are_grouped_by_address(calls):
    monday, tuesday, friday = (
        sent(NEW, code, day=A_DAY + n * DAY) for n, code in ((-2, "002"), (-1, "001"), (2, "002"))
    )
    other = sent("other@example.com")
    keep(monday, friday, tuesday, other)
    registered("other@example.com")
    with CaptureQueriesContext(connection) as captured:
        people = unmatched_people()
    assert people == [
        UnmatchedPerson(NEW, 3, monday.occurred_at, friday.occurred_at, ["001", "002"], is_registered=False),
        UnmatchedPerson("other@example.com", 1, other.occurred_at, other.occurred_at, ["001"], is_registered=True),
    ]
    assert len(captured) == 1


def test_what_was_recorded_meanwhile_waits_for_nobody(calls, globex):
    ghost, waiting_one = sent(NEW), sent(NEW)
    keep(waiting_one, sent("other@example.com"), sent("other@example.com"))
    record_activities("default", [ghost._replace(email=registered("maria@example.com").email)])
    left_behind(ghost)
    with tenant_context(globex):
        # The same id in another tenant is another activity.
        hank = Collaborator.objects.get()
        record_activities("default", [waiting_one._replace(email=hank.email)])
    assert [(person.email, person.activities) for person in unmatched_people()] == [("other@example.com", 2), (NEW, 1)]
    assert [person.email for person in unmatched_people(limit=1)] == ["other@example.com"]


def test_somebody_inactive_or_of_another_tenant_is_not_registered(calls, globex):
    keep(sent(NEW))
    registered(is_active=False)
    with tenant_context(globex):
        registered()
    assert [person.is_registered for person in unmatched_people()] == [False]


def test_replaying_records_and_counts_what_was_kept(calls, globex):
    request_id = uuid.uuid4()
    first = sent(NEW, data='{"amount": 1.00000000000000000001}', request_id=request_id)
    keep(first, sent(NEW, "002", day=A_DAY - DAY), sent("other@example.com", external_id="of another"))
    with tenant_context(globex):
        before = kept_ids(), scores()
    person = registered()
    assert replay(" New@Example.com ") == Recorded(2, 0, 0)
    assert kept_ids() == ["of another"]
    assert scores() == sums_of_evidence() == {(A_DAY, person.pk, None, calls.pk): (5, 1)}
    activity = Activity.objects.get(code="001")
    assert (activity.external_id, activity.collaborator, activity.day) == (first.external_id, person, A_DAY)
    assert (activity.occurred_at, activity.received_at) == (first.occurred_at, first.receipt.at)
    assert activity.request_id == request_id
    with connection.cursor() as cursor:
        cursor.execute("SELECT data->>'amount' FROM missions_activity WHERE id = %s", [activity.pk])
        assert cursor.fetchone() == ("1.00000000000000000001",)
    with tenant_context(globex):
        assert (kept_ids(), scores()) == before


def test_replaying_for_nobody_is_refused(calls, globex):
    keep(sent(NEW))
    registered(is_active=False)
    with tenant_context(globex):
        registered()
    with pytest.raises(Refused) as refused:
        replay(NEW)
    assert (refused.value.code, refused.value.field) == ("no_collaborator", "email")
    assert (len(kept_ids()), scores()) == (1, {})


def test_replaying_twice_counts_once(calls):
    keep(sent(NEW))
    registered()
    assert replay(NEW) == Recorded(1, 0, 0)
    assert replay(NEW) == Recorded(0, 0, 0)
    assert list(scores().values()) == [(5, 1)]


def test_what_was_recorded_meanwhile_is_a_duplicate_and_no_longer_kept(calls):
    activity = sent(NEW)
    registered()
    record_activities("default", [activity])
    # As a sync that ran at the same moment leaves it.
    left_behind(activity)
    assert replay(NEW) == Recorded(0, 0, 1)
    assert (kept_ids(), Activity.objects.count()) == ([], 1)
    assert list(scores().values()) == [(5, 1)]


def test_replaying_goes_in_chunks_and_tells_how_far_it_is(calls, monkeypatch):
    monkeypatch.setattr(unmatched, "CHUNK", 2)
    keep(*[sent(NEW) for _ in range(5)])
    registered()
    told = []
    assert replay(NEW, on_progress=told.append) == Recorded(5, 0, 0)
    assert told == [Recorded(2, 0, 0), Recorded(4, 0, 0), Recorded(5, 0, 0)]
    assert kept_ids() == []


def test_activities_can_be_replayed_as_somebody_with_another_address(calls):
    keep(sent(NEW), sent(NEW))
    maria = registered("maria@example.com")
    assert replay_as(NEW, maria) == Recorded(2, 0, 0)
    assert (kept_ids(), scores()) == ([], {(A_DAY, maria.pk, None, calls.pk): (10, 2)})
    assert maria.email == "maria@example.com"


def test_nothing_is_replayed_as_somebody_inactive_or_of_another_tenant(calls, globex):
    keep(sent(NEW))
    with tenant_context(globex):
        stranger = CollaboratorFactory()
    for person in (stranger, registered(is_active=False)):
        with pytest.raises(Refused) as refused:
            replay_as(NEW, person)
        assert (refused.value.code, refused.value.field) == ("no_collaborator", "collaborator")
    assert (len(kept_ids()), scores()) == (1, {})


def test_discarding_deletes_the_kept_ones_of_an_address(calls, globex):
    keep(sent("nobody@example.com"), sent("nobody@example.com"), sent("other@example.com", external_id="of another"))
    assert discard(" Nobody@example.com") == 2
    assert kept_ids() == ["of another"]
    assert discard("nobody@example.com") == 0
    with tenant_context(globex):
        assert len(kept_ids()) == 1


@pytest.mark.django_db(transaction=True)
def test_replays_and_a_resend_at_once_count_everything_once(acme, calls, monkeypatch):
    monkeypatch.setattr(unmatched, "CHUNK", 20)
    activities = [sent(NEW, external_id=f"evt-{number:03d}") for number in range(100)]
    keep(*activities)
    registered()
    start, done, failures = Barrier(4), [], []

    def at_once(work):
        try:
            with tenant_context(acme):
                start.wait()
                done.append(work())
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    works = [lambda: replay(NEW)] * 2 + [lambda: record_activities("default", activities[::-1])] * 2
    threads = [Thread(target=at_once, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(each.processed for each in done) == 100
    assert (kept_ids(), Activity.objects.count()) == ([], 100)
    assert list(scores().values()) == [(500, 100)]
