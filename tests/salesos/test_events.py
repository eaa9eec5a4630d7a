from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import transaction

from salesos import events
from salesos.events import Event, NotInTransaction
from salesos.models import Team
from salesos.tenancy import NoTenant, current_tenant, tenant_context

AT = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)


def event(name: str, number: int = 1) -> Event:
    return Event(name, subject_id=UUID(int=number), at=AT)


@pytest.fixture
def subscribe():
    with ExitStack() as ends:
        yield lambda names, subscriber: ends.callback(events.subscribe(names, subscriber))


def test_a_subscriber_is_told_at_once_what_it_asked_for_and_nothing_else(in_acme, globex, subscribe):
    told = []
    subscribe(["thing.made", "thing.lost"], lambda batch: told.append((current_tenant(), list(batch))))

    events.publish(event("thing.made", 1), event("thing.moved", 2), event("thing.lost", 3))
    events.publish(event("thing.moved", 4))
    events.publish()

    assert told == [(in_acme, [event("thing.made", 1), event("thing.lost", 3)])]


def test_a_noun_with_a_star_is_all_that_happens_to_it(in_acme, globex, subscribe):
    told = []
    subscribe(["thing.*", "other.made"], told.extend)

    events.publish(*map(event, ["thing.made", "other.made", "things.made", "thing.moved", "other.moved"]))

    assert [each.name for each in told] == ["thing.made", "other.made", "thing.moved"]


def test_subscribers_run_in_the_order_of_their_subscription(in_acme, subscribe):
    order = []
    subscribe(["thing.made"], lambda batch: order.append("first"))
    subscribe(["thing.made"], lambda batch: order.append("second"))

    events.publish(event("thing.made"))

    assert order == ["first", "second"]


def test_who_ended_the_subscription_is_not_told(in_acme):
    told = []
    end = events.subscribe(["thing.made"], told.append)
    end()

    events.publish(event("thing.made"))

    assert told == []


def test_an_event_names_its_noun():
    assert event("deal.won").noun == "deal"


@pytest.mark.django_db(transaction=True)
def test_a_subscriber_that_fails_takes_everything_back_even_when_the_publisher_goes_on(acme, globex, subscribe):
    def fail(batch):
        Team.objects.create(name="By the subscriber")
        raise ZeroDivisionError

    subscribe(["thing.made"], fail)
    with tenant_context(acme):
        with transaction.atomic():
            Team.objects.create(name="By the publisher")
            with pytest.raises(ZeroDivisionError):
                events.publish(event("thing.made"))
        assert not Team.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_subscribers_write_is_committed_with_what_happened(acme, globex, subscribe):
    subscribe(["thing.made"], lambda batch: Team.objects.create(name="By the subscriber"))
    with tenant_context(acme), transaction.atomic():
        events.publish(event("thing.made"))
    with tenant_context(acme):
        assert Team.objects.count() == 1
    with tenant_context(globex):
        assert Team.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_a_bug(acme, subscribe):
    told = []
    subscribe(["thing.made"], told.append)
    with tenant_context(acme), pytest.raises(NotInTransaction):
        events.publish(event("thing.made"))
    assert told == []


def test_publishing_outside_a_tenant_is_a_bug(acme):
    with pytest.raises(NoTenant):
        events.publish(event("thing.made"))
