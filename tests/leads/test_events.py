"""What other packages hear: what happened and how things stand, in the same transaction."""

import pytest

from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.conflicts import EmailTaken
from leads.conversion import Terms, convert_lead
from leads.deals import change_deal, move_deal
from leads.models import Deal, Lead, Stage
from leads.telling import DEAL_EVENTS, LEAD_EVENTS
from salesos import events
from salesos.models import User
from salesos.tenancy import current_tenant, tenant_context
from tests.factories import CollaboratorFactory
from tests.leads.test_list import DAY

ME = Actor.of_system("a test")


@pytest.fixture
def heard():
    """What was published: (event, status, owner)."""
    found = []
    end = events.subscribe(
        [*LEAD_EVENTS, *DEAL_EVENTS],
        lambda told: found.extend((event.name, event.status, event.owner_id) for event in told),
    )
    yield found
    end()


def created(**fields):
    return create_lead(NewLead(**{"name": "Maria", "email": "maria@example.com"} | fields), by=ME, at=DAY)


def stage(kind):
    return Stage.objects.filter(kind=kind).order_by("position").first()


def test_a_lead_tells_of_its_way(in_acme, globex, ana, heard):
    eva = CollaboratorFactory()
    lead = created(owner=ana)
    for changes in (
        {"status": "contacted"},
        {"name": "Maria S."},
        {"owner": eva},
        {"status": "contacted"},
        {"status": "qualified", "owner": ana},
        {"status": "unqualified"},
        {"status": "new"},
    ):
        change_lead(lead, changes, by=ME, at=DAY)
    delete_lead(lead, at=DAY)

    assert heard == [
        ("lead.created", "new", ana.pk),
        ("lead.contacted", "contacted", ana.pk),
        ("lead.assigned", "contacted", eva.pk),
        ("lead.qualified", "qualified", ana.pk),
        ("lead.unqualified", "unqualified", ana.pk),
        ("lead.renewed", "new", ana.pk),
        ("lead.deleted", "", ana.pk),
    ]


def test_a_lead_that_begins_further_on_tells_both(in_acme, globex, heard):
    created(status="qualified")

    assert heard == [("lead.created", "qualified", None), ("lead.qualified", "qualified", None)]


def test_a_deal_tells_of_its_way(in_acme, globex, ana, heard):
    eva = CollaboratorFactory()
    _lead, deal = convert_lead(created(owner=ana), Terms(), by=ME, at=DAY)
    heard.clear()
    proposal = Stage.objects.get(name="Proposal")
    move_deal(deal, proposal, by=ME, at=DAY)
    move_deal(deal, stage("won"), by=ME, at=DAY, reason="Best")
    change_deal(deal, {"owner": eva}, by=ME, at=DAY)
    move_deal(deal, stage("lost"), by=ME, at=DAY)
    deal = move_deal(deal, proposal, by=ME, at=DAY)

    assert heard == [
        ("deal.won", "won", ana.pk),
        ("deal.assigned", "won", eva.pk),
        ("deal.lost", "lost", eva.pk),
        ("deal.reopened", "open", eva.pk),
    ]
    assert (deal.close_reason, deal.closed_at) == ("", None)


def test_a_conversion_tells_of_lead_and_deal(in_acme, globex, ana, heard):
    lead = created(owner=ana)
    heard.clear()

    convert_lead(lead, Terms(), by=ME, at=DAY)

    assert sorted(heard) == [("deal.created", "open", ana.pk), ("lead.converted", "converted", ana.pk)]


def test_a_deal_may_be_won_at_once(in_acme, globex, heard):
    lead = created()
    _lead, deal = convert_lead(lead, Terms(), by=ME, at=DAY)
    again = convert_lead(created(email="b@example.com"), Terms(stage=stage("won")), by=ME, at=DAY)[1]

    assert (deal.closed_at, again.closed_at) == (None, DAY)
    assert ("deal.won", "won", None) in heard


def test_what_is_refused_tells_nothing(in_acme, globex, heard):
    created()
    heard.clear()

    with pytest.raises(EmailTaken):
        created()

    assert heard == []


def test_a_subscriber_that_fails_takes_everything_back(transactional_db, acme, globex):
    def fail(_told):
        raise ZeroDivisionError

    end = events.subscribe(["lead.created"], fail)
    try:
        with tenant_context(acme), pytest.raises(ZeroDivisionError):
            created()
        with tenant_context(acme):
            assert (Lead.objects.count(), Deal.objects.count()) == (0, 0)
    finally:
        end()


def test_an_actor_is_kept_as_words(in_acme, globex):
    user = User.objects.create_user("ana@example.com", name="Ana")
    lead = create_lead(NewLead(name="Maria", email="m@example.com"), by=Actor.of_user(user), at=DAY)
    user.name = "Other"
    user.save()

    [event] = lead.history.all()

    assert (event.actor_kind, event.actor_id, event.actor_name) == ("user", str(user.pk), "Ana")
    assert event.tenant == current_tenant()


def test_only_what_may_change_can_be_changed(in_acme, globex):
    lead = created()

    with pytest.raises(ValueError, match="Not changeable: created_at, version"):
        change_lead(lead, {"version": 1, "created_at": DAY}, by=ME, at=DAY)
