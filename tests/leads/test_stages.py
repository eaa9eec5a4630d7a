"""Stages and pipelines changed: what deals are by never changes under them."""

import threading

import pytest
from django.db import connection, connections, transaction

from leads import stages as operations
from leads.changes import NewLead, create_lead
from leads.deals import change_deal, move_deal
from leads.models import Deal, DealStageChange, Pipeline, Stage
from leads.models.pipeline import StageKind
from leads.pipeline import default_pipeline, stage_of_id
from leads.stages import (
    Terms,
    add_pipeline,
    add_stage,
    change_stage,
    delete_pipeline,
    delete_stage,
    empty_stage,
    make_default,
    rename_pipeline,
    shift_stage,
)
from missions.models import Score
from missions.sources import LEADS
from salesos.errors import Clash, Refused
from salesos.models import AuditEntry
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.boards import DAY, ME, deal_in, fresh, stages_of

NAMES = ["New", "Qualified", "Proposal", "Negotiation", "Won", "Lost"]


def names_in(tenant) -> list[str]:
    return list(stages_of(tenant))


def trail() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def theirs(globex):
    """Globex has the same stages, and a deal in each."""
    return [deal_in(globex, name) for name in NAMES]


@pytest.fixture
def stages(acme, theirs, in_acme):
    return stages_of(acme)


def test_a_new_stage_stands_behind_the_others_of_its_kind(acme, globex, stages):
    add_stage(default_pipeline(), Terms(name="Signed", win_probability=95, kind=StageKind.OPEN))
    add_stage(default_pipeline(), Terms(name="Won twice", win_probability=3, kind=StageKind.WON))

    assert names_in(acme) == ["New", "Qualified", "Proposal", "Negotiation", "Signed", "Won", "Won twice", "Lost"]
    assert stages_of(acme)["Signed"].win_probability == 95
    assert stages_of(acme)["Won twice"].win_probability == 100
    assert trail() == ["stage.created", "stage.created"]
    assert names_in(globex) == NAMES


@pytest.mark.parametrize("name", ["New", "nEW"])
def test_two_stages_of_a_pipeline_have_no_name_in_common(acme, stages, name):
    with pytest.raises(Clash, match="has a stage of this name already"):
        add_stage(default_pipeline(), Terms(name=name, win_probability=1, kind=StageKind.OPEN))
    with pytest.raises(Clash, match="has a stage of this name already"):
        change_stage(stages["Won"], Terms(name=name, win_probability=1, kind=StageKind.WON))
    assert (names_in(acme), trail()) == (NAMES, [])


def test_a_stage_gets_another_name_and_probability_while_deals_are_in_it(acme, globex, stages):
    deal = deal_in(acme, "Proposal")

    change_stage(stages["Proposal"], Terms(name="Offer", win_probability=55, kind=StageKind.OPEN))

    assert (fresh(deal).stage.name, fresh(deal).stage.win_probability, fresh(deal).version) == ("Offer", 55, 1)
    assert trail() == ["stage.changed"]
    change_stage(stages["Proposal"], Terms(name="Offer", win_probability=55, kind=StageKind.OPEN))
    assert trail() == ["stage.changed"]
    assert names_in(globex) == NAMES


def test_a_stage_with_deals_keeps_its_kind_and_the_deals_what_they_earned(acme, globex, ana, stages):
    MappingFactory(source=LEADS, code="deal.won", mission=MissionFactory(), points=100)
    add_stage(default_pipeline(), Terms(name="Also won", win_probability=100, kind=StageKind.WON))
    deal = deal_in(acme, "Won", owner=ana)

    for kind in (StageKind.OPEN, StageKind.LOST):
        with pytest.raises(Clash, match="There is 1 deal in this stage"):
            change_stage(stages["Won"], Terms(name="Won", win_probability=50, kind=kind))

    assert (fresh(deal).stage.kind, fresh(deal).closed_at) == ("won", DAY)
    assert list(Score.objects.values_list("collaborator_id", "points")) == [(ana.pk, 100)]
    move_deal(fresh(deal), stages["New"], by=ME, at=DAY)
    changed = change_stage(stages["Won"], Terms(name="Won", win_probability=50, kind=StageKind.LOST))
    assert (changed.kind, changed.win_probability) == ("lost", 0)


@pytest.mark.parametrize("name", ["Won", "Lost"])
def test_a_pipeline_keeps_one_stage_of_each_kind(acme, stages, name):
    with pytest.raises(Clash, match=f"only {name.lower()} stage"):
        delete_stage(stages[name])
    with pytest.raises(Clash, match=f"only {name.lower()} stage"):
        change_stage(stages[name], Terms(name=name, win_probability=1, kind=StageKind.OPEN))
    for other in ("New", "Qualified", "Proposal"):
        delete_stage(stages[other])
    with pytest.raises(Clash, match="only open stage"):
        delete_stage(stages["Negotiation"])
    assert names_in(acme) == ["Negotiation", "Won", "Lost"]


def test_stages_change_places(acme, globex, stages):
    assert shift_stage(stages["Proposal"], -1)
    assert names_in(acme) == ["New", "Proposal", "Qualified", "Negotiation", "Won", "Lost"]
    assert not shift_stage(stages["New"], -1)
    assert not shift_stage(stages["Lost"], 1)
    assert trail() == ["stage.shifted"]
    assert names_in(globex) == NAMES


def test_a_stage_with_deals_is_not_deleted_and_an_empty_one_is(acme, globex, stages):
    deal_in(acme, "Proposal")
    with pytest.raises(Clash, match="There is 1 deal in this stage"):
        delete_stage(stages["Proposal"])

    delete_stage(stages["Qualified"])

    assert names_in(acme) == ["New", "Proposal", "Negotiation", "Won", "Lost"]
    assert [stage.position for stage in stages_of(acme).values()] == [1, 2, 3, 4, 5]
    assert trail() == ["stage.deleted"]
    assert Deal.objects.count() == 1
    assert names_in(globex) == NAMES


def test_the_history_of_deals_keeps_a_deleted_stage_and_nothing_else_does(acme, globex, at, stages):
    deal = deal_in(acme, "Proposal")
    move_deal(deal, stages["New"], by=ME, at=DAY)

    delete_stage(stages["Proposal"])

    change = DealStageChange.objects.select_related("from_stage", "to_stage").order_by("pk").last()
    assert (change.from_stage.name, change.to_stage.name) == ("Proposal", "New")
    assert "Proposal" not in {stage["name"] for stage in at.page("stages")["data"]}
    refused = at.ask("PATCH", f"deals/{deal.public_id}", {"stage_id": str(stages["Proposal"].public_id)})
    assert (refused.status_code, refused.json()["error"]["details"][0]["field"]) == (400, "stage_id")
    assert at.get(f"deals/{deal.public_id}").json()["data"]["stage_history"][0]["from_stage_id"] == str(
        stages["Proposal"].public_id
    )
    with pytest.raises(Refused):
        stage_of_id(stages["Proposal"].public_id)
    with pytest.raises(Refused):
        change_deal(fresh(deal), {"stage": stages["Proposal"]}, by=ME, at=DAY)
    # Its name is free again.
    add_stage(default_pipeline(), Terms(name="Proposal", win_probability=60, kind=StageKind.OPEN))
    assert names_in(acme) == ["New", "Qualified", "Negotiation", "Proposal", "Won", "Lost"]


def test_deals_leave_a_stage_together_as_if_each_was_moved(acme, globex, ana, stages, monkeypatch):
    monkeypatch.setattr(operations, "MOST_MOVED", 2)
    MappingFactory(source=LEADS, code="deal.won", mission=MissionFactory(), points=100)
    deals = [deal_in(acme, "Proposal", owner=ana) for _number in range(3)]

    assert empty_stage(stages["Proposal"], stages["Won"], by=ME, at=DAY) == (2, 1)
    assert [fresh(deal).stage.name for deal in deals] == ["Won", "Won", "Proposal"]
    assert empty_stage(stages["Proposal"], stages["Won"], by=ME, at=DAY) == (1, 0)
    assert {fresh(deal).closed_at for deal in deals} == {DAY}
    assert sum(Score.objects.values_list("points", flat=True)) == 300
    with pytest.raises(Refused):
        empty_stage(stages["New"], stages["New"], by=ME, at=DAY)
    with tenant_context(globex):
        assert Deal.objects.count() == 6


def test_another_pipeline_begins_with_the_usual_stages_and_may_become_the_default(acme, globex, stages):
    partners = add_pipeline("Partners")
    assert [stage.name for stage in Stage.objects.filter(pipeline=partners).order_by("position")] == NAMES
    with pytest.raises(Clash):
        add_pipeline("pARTNERS")
    rename_pipeline(partners, "Channel")
    with pytest.raises(Clash):
        rename_pipeline(partners, "sales")

    make_default(partners)

    assert default_pipeline() == partners
    assert list(Pipeline.objects.values_list("name", "is_default")) == [("Channel", True), ("Sales", False)]
    assert trail() == ["pipeline.created", "pipeline.changed", "pipeline.made_default"]
    with tenant_context(globex):
        assert list(Pipeline.objects.values_list("name", "is_default")) == [("Sales", True)]


def test_a_pipeline_that_deals_were_in_stays(acme, globex, stages):
    sales, partners = default_pipeline(), add_pipeline("Partners")
    with pytest.raises(Clash, match="default"):
        delete_pipeline(sales)
    first = Stage.objects.filter(pipeline=partners).order_by("position").first()
    deal = deal_in(acme)
    move_deal(deal, first, by=ME, at=DAY)
    move_deal(fresh(deal), stages["New"], by=ME, at=DAY)
    with pytest.raises(Clash, match="Deals are or were in this pipeline"):
        delete_pipeline(partners)

    other = add_pipeline("Other")
    delete_pipeline(other)

    assert not Pipeline.objects.filter(name="Other").exists()
    assert Stage.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_a_deal_that_is_being_moved_into_a_stage_keeps_the_stage_from_changing_its_kind(acme, globex):
    """The settings wait for the move, and then find the deal there."""
    deal, stages = deal_in(acme), stages_of(acme)
    moving, go_on, told = threading.Event(), threading.Event(), []

    def move():
        with tenant_context(acme), transaction.atomic():
            move_deal(deal, stages["Proposal"], by=ME, at=DAY)
            moving.set()
            go_on.wait(10)
        connections.close_all()

    def settle():
        with tenant_context(acme):
            try:
                change_stage(stages["Proposal"], Terms(name="Proposal", win_probability=1, kind=StageKind.WON))
            except Clash as clash:
                told.append(clash.code)
        connections.close_all()

    mover = threading.Thread(target=move)
    mover.start()
    assert moving.wait(10)
    settler = threading.Thread(target=settle)
    settler.start()
    assert _waits()
    go_on.set()
    mover.join(10)
    settler.join(10)
    assert told == ["stage_used"]
    assert (fresh(deal).stage.name, fresh(deal).closed_at) == ("Proposal", None)


@pytest.mark.django_db(transaction=True)
def test_whoever_gives_points_to_the_same_people_in_another_order_breaks_nothing(acme, globex):
    mission = MissionFactory(tenant=acme)
    for code in ("lead.created", "deal.won"):
        MappingFactory(tenant=acme, source=LEADS, code=code, mission=mission, points=5)
    stages, told = stages_of(acme), []
    people = [CollaboratorFactory(tenant=acme) for _each in range(2)]
    for person in people:
        deal_in(acme, owner=person)

    def win_all():
        with tenant_context(acme):
            told.append(empty_stage(stages["New"], stages["Won"], by=ME, at=DAY))
        connections.close_all()

    winner = threading.Thread(target=win_all)
    with tenant_context(acme), transaction.atomic():
        with connection.cursor() as cursor:
            # Of two who wait for each other, the one is stopped that looks first.
            cursor.execute("SET LOCAL deadlock_timeout = '10s'")
        create_lead(NewLead(name="X", email="x@example.com", owner=people[1]), by=ME, at=DAY)
        winner.start()
        assert _waits()
        create_lead(NewLead(name="Y", email="y@example.com", owner=people[0]), by=ME, at=DAY)
    winner.join(10)

    assert told == [(2, 0)]
    with tenant_context(acme):
        assert set(Score.objects.values_list("points", "completions")) == {(10, 2)}


def _waits() -> bool:
    """Whether somebody comes to wait for a lock, within ten seconds."""
    with connection.cursor() as cursor:
        for _look in range(1000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return True
            cursor.execute("SELECT pg_sleep(0.01)")
    return False


def test_whoever_moves_a_deal_goes_by_the_kind_that_the_stage_has_now(acme, globex, stages):
    """The stage was read before its kind changed."""
    add_stage(default_pipeline(), Terms(name="Also won", win_probability=100, kind=StageKind.WON))
    change_stage(stages["Proposal"], Terms(name="Proposal", win_probability=100, kind=StageKind.WON))
    deal = deal_in(acme)

    moved = move_deal(deal, stages["Proposal"], by=ME, at=DAY)

    assert stages["Proposal"].kind == "won"
    assert moved.closed_at == DAY
