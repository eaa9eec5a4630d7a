"""Leads and deals of the demo, brought to where they are step by step, by the functions that everybody's go through."""

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

from integrations.demo.clients import BARGAINS, CLIENTS, REGIONS, SOURCES, Bargain, Client
from integrations.demo.company import PEOPLE
from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead
from leads.conversion import Terms, convert_lead
from leads.deals import move_deal
from leads.models import Deal, Lead, Stage
from leads.models.lead import LeadStatus
from leads.pipeline import DEFAULT_STAGES, default_pipeline
from salesos.models import ApiKey, Collaborator, Tenant, User

WAY = {
    LeadStatus.NEW: (),
    LeadStatus.CONTACTED: (LeadStatus.CONTACTED,),
    LeadStatus.QUALIFIED: (LeadStatus.CONTACTED, LeadStatus.QUALIFIED),
    LeadStatus.UNQUALIFIED: (LeadStatus.CONTACTED, LeadStatus.UNQUALIFIED),
}
"""The statuses that a lead goes through on its way to one."""

OPEN_STAGES = ("New", "Qualified", "Proposal", "Negotiation")


def load_pipeline(tenant: Tenant, *, key: ApiKey, manager: User, at: datetime) -> tuple[int, int]:
    """How many leads and deals were made. Inside the tenant."""
    demo = _Demo(tenant, key, manager, at)
    bargains = {bargain.client: bargain for bargain in BARGAINS}
    for number, client in enumerate(CLIENTS):
        demo.meet(number, client, bargains.get(number))
    return len(CLIENTS), len(BARGAINS)


class _Demo:
    def __init__(self, tenant: Tenant, key: ApiKey, manager: User, at: datetime) -> None:
        self.at, self.zone = at, tenant.zone
        self.today = at.astimezone(self.zone).date()
        self.crm, self.manager = Actor.of_key(key), Actor.of_user(manager)
        people = {person.email: person for person in Collaborator.objects.all()}
        self.people = [people[person.email] for person in PEOPLE]
        stages = Stage.objects.filter(pipeline=default_pipeline()).select_related("pipeline")
        by_position = {stage.position: stage for stage in stages}
        self.stages = {
            str(name): by_position[position] for position, (name, _probability, _kind) in enumerate(DEFAULT_STAGES, 1)
        }

    def meet(self, number: int, client: Client, bargain: Bargain | None) -> None:
        dice = random.Random(f"horizonte {number} {client.name}")  # noqa: S311 - a demo's dice guard nothing
        way = WAY[LeadStatus.QUALIFIED if bargain else LeadStatus(client.status)]
        days = _days_back(bargain.ago if bargain else dice.randint(0, 20), dice)
        last = next(days)
        stages = list(self._stages_to(bargain)) if bargain else []
        # From the end to the beginning: each step some days before the next.
        moments = [self._moment(last, dice, this_month=bargain is not None and bargain.this_month)]
        moments += [self._moment(next(days), dice) for _step in range(len(way) + len(stages))]
        moments.sort()
        # New ones wait for somebody now and then.
        is_waiting = bargain is None and client.status == LeadStatus.NEW and number % 3 == 0
        owner = None if is_waiting else self.people[number % len(self.people)]
        lead = self._create(client, owner, dice, at=moments.pop(0))
        for status in way:
            change_lead(lead, {"status": status}, by=self.manager, at=moments.pop(0))
        if bargain:
            self._sell(lead, bargain, stages, moments)

    def _create(self, client: Client, owner: Collaborator | None, dice: random.Random, *, at: datetime) -> Lead:
        mailbox = client.mailbox or _mailbox(client.name)
        fields = {"region": dice.choice(REGIONS), "budget": dice.randrange(6, 60) * 100_000}
        return create_lead(
            NewLead(
                name=client.name,
                email=f"{mailbox}@{client.domain}",
                phone=client.phone,
                company=client.company,
                position=client.position,
                source=dice.choice(SOURCES),
                owner=owner,
                custom_fields=fields,
                tags=client.tags,
            ),
            by=self.crm,
            at=at,
        )

    def _sell(self, lead: Lead, bargain: Bargain, stages: list[Stage], moments: list[datetime]) -> Deal:
        due = None if bargain.due is None else self.today + timedelta(days=bargain.due)
        terms = Terms(name=bargain.name, value=Decimal(bargain.value), stage=stages[0], expected_close_date=due)
        _lead, deal = convert_lead(lead, terms, by=self.manager, at=moments.pop(0))
        for stage in stages[1:]:
            reason = "" if stage.is_open else bargain.reason
            deal = move_deal(deal, stage, by=self.manager, at=moments.pop(0), reason=reason)
        return deal

    def _stages_to(self, bargain: Bargain) -> Iterator[Stage]:
        """Those that it goes through: all open ones before a win, fewer before a loss."""
        if bargain.stage in OPEN_STAGES:
            names = OPEN_STAGES[: OPEN_STAGES.index(bargain.stage) + 1]
        else:
            names = (*(OPEN_STAGES if bargain.stage == "Won" else OPEN_STAGES[:3]), bargain.stage)
        for name in names:
            yield self.stages[name]

    def _moment(self, ago: int, dice: random.Random, *, this_month: bool = False) -> datetime:
        """In office hours of that day, but never later than now; in this month where it must be."""
        day = self.today - timedelta(days=ago)
        if this_month:
            day = max(day, self.today.replace(day=1))
        moment = datetime.combine(day, time(dice.randint(9, 17), dice.randint(0, 59)), self.zone)
        return min(moment, self.at)


def _days_back(first: int, dice: random.Random) -> Iterator[int]:
    day = first
    while True:
        yield day
        day += dice.randint(2, 6)


def _mailbox(name: str) -> str:
    plain = name.lower().translate(str.maketrans("áâãàéêíóôõúçä ", "aaaaeeiooouca."))
    return "".join(letter for letter in plain if letter.isalnum() or letter == ".")
