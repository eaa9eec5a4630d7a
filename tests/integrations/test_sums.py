"""Random requests through the door: an answer always adds up, and says what was recorded."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as DatabaseExamples

from missions.models import Activity, UnmatchedActivity
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant
from tests.door import activities, activity, door, person
from tests.factories import MappingFactory, MissionFactory

_numbers = itertools.count()
FAR = "9999-12-31"

items = st.builds(
    lambda number, code, email, occurred_at: activity(
        number, activity_code=code, collaborator_email=email, occurred_at=occurred_at
    ),
    st.integers(1, 8),
    st.sampled_from(["001", "002", "999", "000"]),
    st.sampled_from(["person1@example.com", "PERSON1@EXAMPLE.COM ", "nobody@example.com", "nonsense"]),
    st.sampled_from(["2026-03-17", None, FAR, "yesterday"]),
)
good = items.filter(
    lambda item: (
        item["activity_code"] != "000"
        and item["collaborator_email"] != "nonsense"
        and item["occurred_at"] != "yesterday"
    )
)


def is_faulty(item):
    return item["activity_code"] == "000", item["collaborator_email"] == "nonsense", item["occurred_at"] == "yesterday"


class RandomRequests(DatabaseExamples):
    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.lists(good, max_size=12) | st.lists(items, max_size=4), min_size=1, max_size=4))
    def test_every_answer_adds_up_and_says_what_was_recorded(self, batches):
        number = next(_numbers)
        acme, globex = create_tenant(f"Acme {number}"), create_tenant(f"Globex {number}")
        MappingFactory(tenant=acme, code="001", mission=MissionFactory(tenant=acme))
        at = door(acme)
        at.people(person(1))
        recorded = 0
        for batch in batches:
            response = at.send(activities(*batch))
            faults = [index for index, item in enumerate(batch) for fault in is_faulty(item) if fault]
            if faults:
                assert response.status_code == 400
                assert [row["index"] for row in response.json()["error"]["details"]] == faults
            else:
                data = response.json()["data"]
                assert data["errors"] == [
                    f"Activity {item['external_id']}: occurred_at is more than 24 hours ahead"
                    for item in batch
                    if item["occurred_at"] == FAR
                ]
                assert data["processed"] + data["skipped"] + data["duplicates"] + len(data["errors"]) == data["total"]
                assert data["total"] == len(batch)
                recorded += data["processed"]
            with tenant_context(acme):
                ids = set(Activity.objects.values_list("external_id", flat=True))
                assert len(ids) == Activity.objects.count() == recorded
                assert not ids & set(UnmatchedActivity.objects.values_list("external_id", flat=True))
        with tenant_context(globex):
            assert (Activity.objects.count(), UnmatchedActivity.objects.count()) == (0, 0)
