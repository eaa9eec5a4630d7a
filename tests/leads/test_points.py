"""From the API to the board: what leads and deals earn is what their final states hold, whatever the way there."""

import random

import pytest

from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.conversion import Terms, convert_lead, why_not_convertible
from leads.deals import change_deal
from leads.models import Deal, Lead, Stage
from leads.models.lead import LeadStatus
from leads.pipeline import default_pipeline
from missions.models import Score
from missions.pipeline import codes_held
from missions.sources import LEADS
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory
from tests.leads.test_list import DAY

ME = Actor.of_system("a test")
WORTH = {"lead.created": 1, "lead.contacted": 2, "lead.qualified": 4, "lead.converted": 8, "deal.won": 100}


@pytest.fixture
def mapped(acme):
    mission = MissionFactory(tenant=acme)
    for code, points in WORTH.items():
        MappingFactory(tenant=acme, source=LEADS, code=code, mission=mission, points=points)


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
        expected = {}
        for noun, rows in (("lead", Lead.objects.all()), ("deal", Deal.objects.select_related("stage"))):
            for row in rows:
                status = row.status if noun == "lead" else row.stage.kind
                points = sum(WORTH[code] for code in codes_held(noun, status))
                if row.owner_id and points:
                    expected[row.owner_id] = expected.get(row.owner_id, 0) + points

    assert points_of(acme) == expected


def _step(dice, people, stages, step):
    lead = dice.choice([None, *Lead.objects.all()])
    deal = dice.choice([None, *Deal.objects.all()])
    owner = dice.choice(people)
    match dice.randrange(6):
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
