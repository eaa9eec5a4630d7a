"""Points from the pipeline are those of the final states, whatever the way there."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from missions.applying import ALL_TIME, apply
from missions.consistency import differences
from missions.leaderboards import standings
from missions.models import Activity, Adjustment, Mapping, Score
from missions.models.score import AdjustmentKind
from missions.pipeline import codes_held
from missions.sources import LEADS, source
from salesos import events
from salesos.events import Event
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import rolled_back, scores, sums_of_evidence

AT = datetime(2026, 3, 11, 15, tzinfo=UTC)
DAY = timedelta(days=1)
WORTH = {"lead.created": 1, "lead.contacted": 2, "lead.qualified": 4, "lead.converted": 8, "deal.won": 100}


@pytest.fixture
def funnel(in_acme, globex):
    mission = MissionFactory(name="Funnel")
    for code, points in WORTH.items():
        MappingFactory(source=LEADS, code=code, mission=mission, points=points)
    return mission


@pytest.fixture
def ana(in_acme):
    return CollaboratorFactory(name="Ana", team=TeamFactory(name="North"))


@pytest.fixture
def bia(in_acme):
    return CollaboratorFactory(name="Bia")


class Subject:
    """A lead or a deal, as its package would tell of it."""

    def __init__(self, noun: str, owner: Collaborator | None = None, status: str = "", at: datetime = AT) -> None:
        self.noun, self.id, self.owner, self.status, self.at = noun, uuid.uuid4(), owner, status, at
        self.say("created")

    def say(self, what: str) -> None:
        events.publish(self.event(what))

    def event(self, what: str) -> Event:
        owner_id = self.owner.pk if self.owner else None
        return Event(f"{self.noun}.{what}", subject_id=self.id, at=self.at, owner_id=owner_id, status=self.status)

    def to(self, status: str, *, days: int = 0) -> None:
        self.status, self.at = status, self.at + days * DAY
        self.say("reached" if status else "deleted")

    def give_to(self, owner: Collaborator | None, *, days: int = 0) -> None:
        self.owner, self.at = owner, self.at + days * DAY
        self.say("assigned")


def points() -> dict[str, int]:
    """Of those who have any, over all time, as the boards show them."""
    assert (differences(), scores()) == ([], sums_of_evidence())
    return {row.name: row.points for row in standings(ALL_TIME) if row.points or row.completions}


def by_day() -> dict[tuple[str, int], int]:
    """(name, days after the first) → points."""
    return {
        (row.collaborator.name, (row.day - AT.date()).days): row.points
        for row in Score.objects.select_related("collaborator")
        if row.points
    }


# What each state holds


@pytest.mark.parametrize(
    ("status", "worth"),
    [("new", 1), ("contacted", 3), ("unqualified", 3), ("qualified", 7), ("converted", 15), ("", 0)],
)
def test_a_lead_earns_its_owner_what_its_status_holds(funnel, ana, status, worth):
    lead = Subject("lead", ana, "new")
    lead.to(status)
    assert points() == ({"Ana": worth} if worth else {})


@pytest.mark.parametrize(("status", "worth"), [("open", 0), ("won", 100), ("lost", 0), ("", 0)])
def test_a_deal_earns_its_owner_what_its_status_holds(funnel, ana, status, worth):
    deal = Subject("deal", ana, "open")
    deal.to(status)
    assert points() == ({"Ana": worth} if worth else {})


def test_the_same_state_told_again_changes_nothing(funnel, ana):
    lead = Subject("lead", ana, "qualified")
    before = Activity.objects.count(), Adjustment.objects.count(), points()
    lead.to("qualified", days=1)
    lead.give_to(ana)
    assert (Activity.objects.count(), Adjustment.objects.count(), points()) == before


def test_a_lead_without_an_owner_earns_nobody_anything_until_it_has_one(funnel, ana):
    lead = Subject("lead", None, "new")
    lead.to("qualified")
    assert (points(), Activity.objects.filter(source=LEADS).count()) == ({}, 0)
    lead.give_to(ana, days=2)
    assert (points(), by_day()) == ({"Ana": 7}, {("Ana", 2): 7})
    lead.give_to(None)
    assert points() == {}


def test_a_state_that_is_unknown_is_a_bug(funnel, ana):
    with pytest.raises(KeyError), transaction.atomic():
        Subject("lead", ana, "nonsense")


def test_activities_name_the_lead_and_nothing_of_it(funnel, ana):
    lead = Subject("lead", ana, "new")
    activity = Activity.objects.get(source=LEADS)
    assert (activity.code, activity.external_id) == ("lead.created", f"{lead.id}:lead.created")
    assert (activity.data, activity.team_id, activity.occurred_at) == ({"lead_id": str(lead.id)}, ana.team_id, AT)


# Taking back, giving back, passing on


def test_what_is_undone_and_done_again_is_exactly_as_before(funnel, ana):
    deal = Subject("deal", ana, "won")
    before = scores()
    deal.to("open", days=3)
    assert (points(), by_day()) == ({}, {})
    Mapping.objects.filter(code="deal.won").update(points=5000)
    ana.team = TeamFactory(name="South")
    ana.save()
    deal.to("won", days=9)
    assert (scores(), by_day()) == (before, {("Ana", 0): 100})
    assert list(Adjustment.objects.order_by("pk").values_list("points", "completions", "kind", "reason")) == [
        (-100, -1, AdjustmentKind.COMPENSATION, "“Deal won” no longer holds"),
        (100, 1, AdjustmentKind.COMPENSATION, "“Deal won” holds again"),
    ]


def test_another_owner_takes_over_the_points_on_the_days_when_they_were_earned(funnel, ana, bia):
    lead = Subject("lead", ana, "new")
    lead.to("contacted", days=2)
    lead.give_to(bia, days=30)
    assert (points(), by_day()) == ({"Bia": 3}, {("Bia", 0): 1, ("Bia", 2): 2})
    lead.to("qualified", days=1)
    assert by_day() == {("Bia", 0): 1, ("Bia", 2): 2, ("Bia", 33): 4}
    lead.give_to(ana)
    assert (points(), by_day()) == ({"Ana": 7}, {("Ana", 0): 1, ("Ana", 2): 2, ("Ana", 33): 4})
    assert {row.team_id for row in Score.objects.filter(collaborator=ana).exclude(points=0)} == {ana.team_id}


def test_deleting_a_lead_takes_its_points_and_leaves_those_of_its_deal(funnel, ana):
    lead, deal = Subject("lead", ana, "converted"), Subject("deal", ana, "won")
    assert points() == {"Ana": 115}
    lead.to("")
    assert points() == {"Ana": 100}
    deal.to("")
    assert points() == {}


def test_what_counted_for_nothing_leaves_no_trace_when_it_is_undone(in_acme, globex, ana, bia):
    lead = Subject("lead", ana, "qualified")
    assert Activity.objects.uncounted().filter(source=LEADS).count() == 3
    lead.to("new", days=1)
    lead.give_to(bia, days=1)
    rows = Activity.objects.filter(source=LEADS)
    assert [(row.code, row.collaborator_id, row.occurred_at) for row in rows] == [("lead.created", bia.pk, AT)]
    lead.to("")
    assert (rows.all().count(), Adjustment.objects.count()) == (0, 0)


def test_a_mapping_that_is_applied_later_counts_what_holds_then(in_acme, globex, ana, bia):
    lead = Subject("lead", ana, "qualified")
    lead.to("contacted")
    lead.give_to(bia)
    for code in WORTH:
        MappingFactory(source=LEADS, code=code, mission=MissionFactory(), points=WORTH[code])
        apply(LEADS, code)
    assert points() == {"Bia": 3}
    lead.to("")
    assert points() == {}


def test_an_inactive_owner_earns_and_is_on_no_board(funnel, ana):
    ana.is_active = False
    ana.save()
    Subject("lead", ana, "new")
    assert (points(), by_day()) == ({}, {("Ana", 0): 1})


def test_a_record_that_was_merged_into_another_is_the_same_person(funnel, ana, bia):
    deal = Subject("deal", ana, "won")
    Collaborator.objects.filter(pk=ana.pk).update(merged_into=bia)
    deal.give_to(bia)
    assert Adjustment.objects.count() == 0
    deal.to("lost")
    assert sum(row.points for row in Score.objects.all()) == 0


def test_a_code_worth_nothing_is_a_completion_that_can_be_taken_back(in_acme, globex, ana):
    MappingFactory(source=LEADS, code="deal.won", mission=MissionFactory(), points=0)
    deal = Subject("deal", ana, "won")
    assert points() == {"Ana": 0}
    deal.to("lost")
    assert points() == {}


def test_points_are_there_when_what_happened_is_and_only_then(funnel, ana):
    with rolled_back():
        Subject("deal", ana, "won")
        assert points() == {"Ana": 100}
    assert points() == {}


def test_an_owner_of_another_tenant_is_refused_by_the_code_and_by_the_database(funnel, ana, globex):
    with tenant_context(globex):
        hank = Collaborator.objects.get()
    with pytest.raises(KeyError), transaction.atomic():
        Subject("lead", hank, "new")
    Subject("deal", ana, "won")
    with tenant_context(globex):
        stranger = Activity.objects.first()
    adjustment = Adjustment(collaborator=ana, points=1, day=AT.date(), reason="x", activity=stranger)
    with pytest.raises(IntegrityError, match="adjustment_activity_same_tenant"), transaction.atomic():
        adjustment.save()


def test_a_compensation_never_names_another_activity(funnel, ana):
    Subject("deal", ana, "won").to("lost")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Adjustment.objects.update(activity=None)


def test_many_at_once_cost_hardly_more_than_one(funnel, ana, bia):
    leads = [Subject("lead", ana, "new") for _ in range(50)]
    for lead in leads:
        lead.status = "qualified"
    with CaptureQueriesContext(connection) as captured:
        events.publish(*[lead.event("qualified") for lead in leads])
    assert len(captured) <= 7
    assert points() == {"Ana": 350}
    for lead in leads:
        lead.owner, lead.status = bia, "contacted"
    with CaptureQueriesContext(connection) as captured:
        events.publish(*[lead.event("contacted") for lead in leads])
    assert len(captured) <= 7
    assert points() == {"Bia": 150}


def elsewhere(tenant, work, results):
    """Runs `work` on a connection of its own."""

    def run():
        try:
            with tenant_context(tenant):
                results.append(work())
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_undone", [True, False])
def test_applying_a_mapping_at_the_same_moment_counts_what_holds_afterwards(in_acme, globex, ana, is_undone):
    with transaction.atomic():
        deal = Subject("deal", ana, "won")
    MappingFactory(source=LEADS, code="deal.won", mission=MissionFactory(), points=7)
    applied = []
    with transaction.atomic():
        deal.to("lost" if is_undone else "won")
        thread = elsewhere(in_acme, lambda: apply(LEADS, "deal.won").activities, applied)
        thread.join(timeout=0.3)
        assert (thread.is_alive(), applied) == (True, [])
    thread.join(timeout=20)
    assert (applied, points()) == ([0], {}) if is_undone else ([1], {"Ana": 7})


@pytest.mark.django_db(transaction=True)
def test_a_state_that_changes_while_a_mapping_is_applied_takes_back_what_that_counted(in_acme, globex, ana):
    with transaction.atomic():
        deal = Subject("deal", ana, "won")
    MappingFactory(source=LEADS, code="deal.won", mission=MissionFactory(), points=7)

    def lose():
        with transaction.atomic():
            deal.to("lost")

    done = []
    with transaction.atomic():
        apply(LEADS, "deal.won")
        thread = elsewhere(in_acme, lose, done)
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join(timeout=20)
    assert (done, points(), Adjustment.objects.count()) == ([None], {}, 1)


# After any walk

STATUSES = {"lead": ["new", "contacted", "qualified", "unqualified", "converted"], "deal": ["open", "won", "lost"]}

steps = st.lists(
    st.one_of(
        st.tuples(st.just("status"), st.integers(0, 3), st.integers(0, 4)),
        st.tuples(st.just("owner"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.just("delete"), st.integers(0, 3)),
        st.tuples(st.just("both"), st.integers(0, 3), st.integers(0, 4), st.integers(0, 2)),
        st.tuples(st.just("team"), st.integers(0, 1)),
        st.tuples(st.just("apply"), st.sampled_from(sorted(WORTH))),
    ),
    max_size=25,
)


def holders() -> Counter:
    """(external id, collaborator) → how often it counts, or waits to be counted, by the evidence alone."""
    held = Counter()
    for activity in Activity.objects.filter(source=LEADS):
        held[activity.external_id, activity.collaborator_id] += 1
    for adjustment in Adjustment.objects.filter(activity__isnull=False).select_related("activity"):
        held[adjustment.activity.external_id, adjustment.collaborator_id] += adjustment.completions
    return Counter({key: count for key, count in held.items() if count})


@given(steps=steps, mapped=st.sets(st.sampled_from(sorted(WORTH))))
@settings(max_examples=80)
def test_after_any_walk_the_points_are_those_of_the_final_states(in_acme, globex, steps, mapped):
    with rolled_back():
        teams = [TeamFactory(), None]
        people = [CollaboratorFactory(name="Ana", team=teams[0]), CollaboratorFactory(name="Bia"), None]
        funnel = MissionFactory()
        for code in mapped:
            MappingFactory(source=LEADS, code=code, mission=funnel, points=WORTH[code])
        subjects = [
            Subject("lead", people[0], "new"),
            Subject("lead", None, "new"),
            Subject("deal", people[1], "open"),
            Subject("deal", people[0], "won"),
        ]
        for number, (step, *details) in enumerate(steps):
            subject = subjects[details[0]] if step not in ("team", "apply") else None
            if subject is not None and not subject.status:
                continue
            match step, details:
                case "status", (_, to):
                    subject.to(STATUSES[subject.noun][to % len(STATUSES[subject.noun])], days=number % 3)
                case "owner", (_, to):
                    subject.give_to(people[to], days=number % 3)
                case "both", (_, to, owner):
                    subject.owner = people[owner]
                    subject.to(STATUSES[subject.noun][to % len(STATUSES[subject.noun])])
                case "delete", _:
                    subject.to("")
                case "team", (who,):
                    people[who].team = None if people[who].team else teams[0]
                    people[who].save()
                case "apply", (code,):
                    if code not in mapped:
                        mapped = mapped | {code}
                        MappingFactory(source=LEADS, code=code, mission=funnel, points=WORTH[code])
                    apply(LEADS, code)
        expected = Counter(
            (f"{subject.id}:{code}", subject.owner.pk)
            for subject in subjects
            if subject.owner
            for code in codes_held(subject.noun, subject.status)
        )
        assert holders() == expected
        for code in set(WORTH) - mapped:
            MappingFactory(source=LEADS, code=code, mission=funnel, points=WORTH[code])
        for code in WORTH:
            apply(LEADS, code)
        worth = Counter()
        for (external_id, owner), _count in expected.items():
            worth[owner] += WORTH[external_id.partition(":")[2]]
        assert Counter({row.collaborator_id: row.points for row in standings(ALL_TIME) if row.points}) == worth
        assert (differences(), scores()) == ([], sums_of_evidence())


# The source


def test_leads_are_a_source_with_a_list_of_codes(in_acme, globex):
    known = source(LEADS)
    assert known.every_code == list(WORTH) == list(known.labels)
    assert [known.title_of(code) for code in ("lead.created", "deal.won")] == ["Lead created", "Deal won"]
    for code in ("lead.lost", "leadXcreated", "001", ""):
        with pytest.raises(IntegrityError, match="mapping_code_of_its_source"), transaction.atomic():
            MappingFactory(source=LEADS, code=code, mission=MissionFactory())
