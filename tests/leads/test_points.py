"""From the API to the board: what leads and deals earn is what their final states hold, whatever the way there."""

import random
from contextlib import suppress

import pytest

from leads.actors import Actor
from leads.bulk import BulkChange, change_leads
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.conversion import Terms, convert_lead, why_not_convertible
from leads.deals import change_deal
from leads.merging import CHOOSABLE, merge_leads, undo_merge
from leads.models import Deal, Lead, LeadMerge, Stage
from leads.models.lead import LeadStatus
from leads.pipeline import default_pipeline
from missions.models import Score
from missions.pipeline import codes_held
from missions.sources import LEADS
from salesos.errors import Refused
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.importing.sheets import imported, sheet
from tests.leads.test_list import DAY

ME = Actor.of_system("a test")
IMPORTED = ("name", "email", "status", "owner")
WORTH = {"lead.created": 1, "lead.contacted": 2, "lead.qualified": 4, "lead.converted": 8, "deal.won": 100}


@pytest.fixture
def mapped(acme):
    mission = MissionFactory(tenant=acme)
    for code, points in WORTH.items():
        MappingFactory(tenant=acme, source=LEADS, code=code, mission=mission, points=points)


def points_held(tenant):
    """What the leads and deals that there are hold now."""
    expected = {}
    with tenant_context(tenant):
        for noun, rows in (("lead", Lead.objects.all()), ("deal", Deal.objects.select_related("stage"))):
            for row in rows:
                status = row.status if noun == "lead" else row.stage.kind
                points = sum(WORTH[code] for code in codes_held(noun, status))
                if row.owner_id and points:
                    expected[row.owner_id] = expected.get(row.owner_id, 0) + points
    return expected


def points_of(tenant):
    with tenant_context(tenant):
        earned = {}
        for person, points in Score.objects.values_list("collaborator_id", "points"):
            earned[person] = earned.get(person, 0) + points
        return {person: points for person, points in earned.items() if points}


def test_a_lead_earns_its_owner_points_until_the_deal_is_taken_back(acme, globex, at, ana, mapped):
    lead = at.create(owner_id=str(ana.public_id), status="qualified")
    assert points_of(acme) == {ana.pk: 7}
    deal = at.convert(lead)["deal"]
    assert points_of(acme) == {ana.pk: 15}
    stages = {stage["kind"]: stage["id"] for stage in at.page("stages")["data"]}

    for kind, expected in (("won", 115), ("lost", 15), ("won", 115), ("open", 15)):
        assert at.ask("PATCH", f"deals/{deal['id']}", {"stage_id": stages[kind]}).status_code == 200
        assert points_of(acme) == {ana.pk: expected}
    assert at.ask("DELETE", f"leads/{lead['id']}").status_code == 204
    assert points_of(acme) == points_of(globex) == {}


@pytest.mark.parametrize("seed", range(6))
def test_after_any_walk_the_points_are_those_of_the_final_states(acme, globex, mapped, seed):
    dice = random.Random(seed)
    people = [CollaboratorFactory(tenant=acme), CollaboratorFactory(tenant=acme), None]
    with tenant_context(acme):
        stages = list(Stage.objects.filter(pipeline=default_pipeline()))
        for step in range(80):
            _step(dice, people, stages, step)

    assert points_of(acme) == points_held(acme)


def _step(dice, people, stages, step):
    lead = dice.choice([None, *Lead.objects.all()])
    deal = dice.choice([None, *Deal.objects.all()])
    owner = dice.choice(people)
    match dice.randrange(11):
        case 0:
            status = dice.choice(LeadStatus.values[:-1])
            new = NewLead(name="X", email=f"lead{step}@example.com", owner=owner, status=status)
            create_lead(new, by=ME, at=DAY)
        case 1 if lead and not lead.is_converted:
            change_lead(lead, {"status": dice.choice(LeadStatus.values[:-1]), "owner": owner}, by=ME, at=DAY)
        case 2 if lead:
            change_lead(lead, {"owner": owner}, by=ME, at=DAY)
        case 3 if lead and why_not_convertible(lead) is None:
            convert_lead(lead, Terms(stage=dice.choice(stages)), by=ME, at=DAY)
        case 4 if deal:
            change_deal(deal, {"stage": dice.choice(stages), "owner": owner}, by=ME, at=DAY)
        case 5 if lead and dice.random() < 0.3:
            delete_lead(lead, at=DAY)
        case 6 | 7 if lead:
            other = dice.choice(Lead.objects.all())
            taking = dice.sample(CHOOSABLE, dice.randrange(len(CHOOSABLE)))
            with suppress(Refused):
                merge_leads(lead, other, taking=taking, by=ME, at=DAY)
        case 8 if LeadMerge.objects.exists():
            with suppress(Refused):
                undo_merge(dice.choice(LeadMerge.objects.all()), by=ME, at=DAY)
        case 9:
            cells = [("I", f"Lead{n}@example.com", dice.choice(LeadStatus.values[:-1])) for n in (step, step // 2)]
            email = owner.email if owner else ""
            imported(sheet(*((*row, email) for row in cells), header=IMPORTED), updates=dice.random() < 0.7)
        case 10:
            ids = [each.public_id for each in Lead.objects.all() if dice.random() < 0.3]
            status = dice.choice(["", *LeadStatus.values[:-1]])
            change_leads(ids, BulkChange(status=status, sets_owner=True, owner=owner), by=ME, at=DAY)


def test_an_undone_merge_leaves_the_points_where_they_were(acme, globex, mapped):
    with tenant_context(acme):
        ana, bia = CollaboratorFactory(), CollaboratorFactory()
        one = create_lead(NewLead(name="A", email="a@example.com", owner=ana), by=ME, at=DAY)
        two = create_lead(NewLead(name="B", email="b@example.com", owner=bia, status="qualified"), by=ME, at=DAY)
        convert_lead(two, Terms(stage=Stage.objects.get(pipeline=default_pipeline(), kind="won")), by=ME, at=DAY)
        before = points_of(acme)
        assert before == {ana.pk: 1, bia.pk: 115}
        done = merge_leads(one, two, by=ME, at=DAY)
        # The lead is Ana's, the deal that came with it goes on being Bia's.
        assert points_of(acme) == {ana.pk: 15, bia.pk: 100}
        undo_merge(done, by=ME, at=DAY)
        assert points_of(acme) == before
    assert points_of(globex) == {}
