"""Totals without counting: the database's tally is what a count would say, after whatever happened."""

import random

from django.db import connection, transaction

from leads.models import Lead, LeadTally
from leads.models.lead import LeadStatus
from leads.tally import differences
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.leads.test_list import DAY, lead_in


def test_the_tally_is_the_count_after_any_walk(acme, globex):
    for seed in range(12):
        _walk(acme, random.Random(seed))
        for tenant in (acme, globex):
            with tenant_context(tenant):
                assert differences() == [], seed


def _walk(tenant, dice):
    people = [CollaboratorFactory(tenant=tenant), CollaboratorFactory(tenant=tenant), None]

    def kind():
        return {
            "status": dice.choice(LeadStatus.values),
            "source": dice.choice(["", "ads", "any"]),
            "owner": dice.choice(people),
        }

    with tenant_context(tenant):
        for step in range(60):
            ids = list(Lead.objects.values_list("pk", flat=True))
            some = Lead.objects.filter(pk__in=dice.sample(ids, min(len(ids), dice.randrange(6))))
            match dice.randrange(6):
                case 0:
                    lead_in(tenant, dice.getrandbits(40), at=DAY, **kind())
                case 1:
                    Lead.objects.bulk_create(_made(dice.getrandbits(40), kind()) for _ in range(dice.randrange(5)))
                case 2:
                    some.update(**kind())
                case 3:
                    some.update(name=f"Name {step}")
                case 4:
                    some.delete()
                case 5:
                    try:
                        with transaction.atomic():
                            some.update(**kind())
                            raise ZeroDivisionError
                    except ZeroDivisionError:
                        pass


def _made(number, kind):
    at = "2026-03-10T00:00:00Z"
    return Lead(name="X", email=f"bulk{number}@example.com", created_at=at, updated_at=at, **kind)


def test_entries_are_folded(acme, globex):
    with tenant_context(acme):
        for number in range(400):
            lead_in(acme, number, source=["ads", "web"][number % 2])
        assert differences() == []
        assert LeadTally.objects.filter(level=3).count() < 200
        assert LeadTally.objects.count() < 1000


def test_a_total_is_read_from_the_tally_alone(acme, globex, at):
    for number in range(3):
        lead_in(acme, number, source="ads")
    with tenant_context(acme), connection.cursor() as cursor:
        # What the tally says is believed: nothing is counted.
        cursor.execute("UPDATE leads_leadtally SET leads = 7 WHERE tenant_id = %s AND level = 1", [acme.pk])

    assert at.page(source="ads")["meta"]["total"] % 7 == 0
    assert at.page()["meta"]["total"] == 3
    assert at.page(source="ads", created_after="2020-01-01")["meta"]["total"] == 3
