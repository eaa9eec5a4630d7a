"""Common searches: their totals are kept, and are those of a count, whoever writes meanwhile."""

import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import counted_searches
from leads.listing import Wanted, page_of_leads
from leads.models import CountedSearch, CountedSearchEntry, Lead
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory
from tests.leads.test_list import DAY, lead_in
from tests.leads.test_search import folded, words_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

WORDS = ["Ana", "Anabela", "Silva", "Silvana", "da", "João", "Joana", "O'Sá", "Sá-Silva", "É"]
SEARCHES = ["ana", "silva", "sil an", "joão", "sa", "o'", "e", "d", "@b", "x1", "nobody", "silva nobody", "lead"]
STATUSES, SOURCES = ["new", "contacted"], ["", "ads", "web"]


@pytest.fixture(autouse=True)
def _every_search_is_common(monkeypatch):
    monkeypatch.setattr("leads.listing.COUNTED_FROM", 1)


def kept():
    return set(CountedSearch.objects.exclude(total=None).values_list("words", flat=True))


def plainly(wanted: Wanted):
    """What the contract says is on the page, in Python: the total, and the names."""

    def matches(lead):
        domain = lead.email.split("@")[1]
        parts = {lead.email.split("@")[0], domain.split(".")[0]}
        words = words_of(folded(lead.name), folded(lead.company)) | {lead.email, f"@{domain}", domain} | parts
        return all(any(word.startswith(asked) for word in words) for asked in folded(wanted.search).split())

    def order(lead):
        value = getattr(lead, wanted.sort)
        return folded(value) if wanted.sort in ("name", "company") else value, lead.public_id

    found = [
        lead
        for lead in Lead.objects.select_related("owner__team")
        if matches(lead)
        and (wanted.owner_id is None or (lead.owner and lead.owner.public_id == wanted.owner_id))
        and (wanted.team_id is None or (lead.owner and lead.owner.team.public_id == wanted.team_id))
        and wanted.status in ("", lead.status)
        and wanted.source in ("", lead.source)
        and (wanted.created_from is None or lead.created_at >= wanted.created_from)
        and (wanted.created_until is None or lead.created_at < wanted.created_until)
    ]
    found.sort(key=order, reverse=wanted.is_descending)
    return len(found), [lead.public_id for lead in found[wanted.offset : wanted.offset + wanted.limit]]


def answered(wanted: Wanted):
    page = page_of_leads(wanted)
    return page.total, [row.id for row in page.rows]


moments = st.none() | st.integers(0, 20).map(lambda minutes: DAY + timedelta(minutes=minutes))
wishes = st.builds(
    Wanted,
    search=st.just("") | st.sampled_from(SEARCHES),
    # Places among the people, until there are any.
    owner_id=st.none() | st.none() | st.sampled_from([0, 1]),
    team_id=st.none() | st.none() | st.sampled_from([0, 1]),
    status=st.sampled_from(["", "", *STATUSES]),
    source=st.sampled_from(["", *SOURCES]),
    created_from=st.none() | moments,
    created_until=st.none() | moments,
    sort=st.sampled_from(["created_at", "updated_at", "name", "company", "email", "status", "source"]),
    is_descending=st.booleans(),
    offset=st.integers(0, 6),
    limit=st.integers(1, 6),
)
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
kinds = st.fixed_dictionaries(
    {
        "name": names,
        "company": st.just("") | names,
        "status": st.sampled_from(STATUSES),
        "source": st.sampled_from(SOURCES),
        "owner": st.sampled_from([0, 1, None]),
    }
)
steps = st.one_of(
    wishes,
    wishes,
    st.tuples(st.just("create"), st.lists(kinds, min_size=1, max_size=5)),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 9), st.integers(1, 3), kinds)),
    st.tuples(st.just("delete"), st.tuples(st.integers(0, 9), st.integers(1, 3))),
    st.tuples(st.just("give up"), st.lists(kinds, min_size=1, max_size=2)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seeded=st.lists(kinds, min_size=5, max_size=12), walk=st.lists(steps, min_size=4, max_size=14))
def test_a_search_is_answered_as_if_counted_anew(acme, globex, seeded, walk):
    lead_in(globex, 1, name=" ".join(WORDS))
    with tenant_context(acme):
        people = [CollaboratorFactory(tenant=acme, team=TeamFactory(tenant=acme)) for _ in range(2)]
        seeded, walk = _owned(seeded, people), [_owned(step, people) for step in walk]
        _create(seeded)
        asked = [step for step in walk if isinstance(step, Wanted)]
        for step in [*asked, *asked, *walk, *asked]:
            if isinstance(step, Wanted):
                assert answered(step) == plainly(step)
            else:
                _change(*step)
        Lead.objects.all().delete()
        for step in asked:
            assert answered(step) == (0, [])
    with tenant_context(globex):
        Lead.objects.all().delete()


def _owned(step, people):
    """With people, wherever their places stand."""
    match step:
        case Wanted():
            owner, team = (None if n is None else people[n] for n in (step.owner_id, step.team_id))
            return replace(step, owner_id=owner and owner.public_id, team_id=team and team.team.public_id)
        case {"owner": int(place)}:
            return step | {"owner": people[place]}
        case list() | tuple():
            return type(step)(_owned(each, people) for each in step)
    return step


def _change(what, how):
    match what:
        case "create":
            _create(how)
        case "change":
            first, count, kind = how
            Lead.objects.filter(pk__in=_some(first, count)).update(**kind)
        case "delete":
            Lead.objects.filter(pk__in=_some(*how)).delete()
        case "give up":
            with transaction.atomic():
                _create(how)
                transaction.set_rollback(True)


def _some(first, count):
    return list(Lead.objects.order_by("pk").values_list("pk", flat=True)[first : first + count])


def _create(made):
    start = random.getrandbits(40)
    Lead.objects.bulk_create(
        Lead(
            email=f"x{start + number}@b.com",
            created_at=DAY + timedelta(minutes=number),
            updated_at=DAY + timedelta(minutes=number * 7 % 5),
            **kind,
        )
        for number, kind in enumerate(made)
    )


def test_what_is_kept_is_believed(acme, globex):
    for number in range(5):
        lead_in(acme, number, name="Ana Silva")
    wanted = Wanted(search="silva ana")
    with tenant_context(acme):
        assert page_of_leads(wanted).total == 5
        assert kept() == {f"'{acme.pk}:ana':* & '{acme.pk}:silva':*"}
        CountedSearch.objects.update(total=70)
        lead_in(acme, 6, name="Silva Ana")
        # Whatever the words' order; nothing is counted.
        assert page_of_leads(replace(wanted, search="Ana, Silva")).total == 71
        assert page_of_leads(replace(wanted, search="ana")).total == 6
        assert page_of_leads(replace(wanted, status="new")).total == 6
    with tenant_context(globex):
        assert page_of_leads(wanted).total == 0


def test_a_page_is_full_where_those_that_match_lie_far_from_the_start(acme, globex):
    for number in range(60):
        lead_in(acme, number, name="Ana" if number < 20 else "Bia")
    with tenant_context(acme):
        for wanted in (Wanted(search="ana", limit=2), Wanted(search="ana", limit=2, offset=19)):
            assert answered(wanted) == answered(wanted) == plainly(wanted)
        assert len(kept()) == 1


@pytest.mark.parametrize("is_spread", [True, False])
def test_leads_of_some_people_or_dates_come_in_every_order(acme, globex, is_spread):
    ana, bia = (CollaboratorFactory(tenant=acme, team=TeamFactory(tenant=acme)) for _ in range(2))
    for number in range(80):
        # Their leads are three in four, either every second and third and fourth one, or the last.
        is_hers = number % 4 > 0 if is_spread else number >= 20
        lead_in(acme, number, name=f"Lead {number:03d}", owner=ana if is_hers else bia)
    narrow = {"owner_id": ana.public_id}, {"team_id": ana.team.public_id}, {"created_from": DAY + timedelta(minutes=20)}
    with tenant_context(acme):
        for only in narrow:
            for sort in ("name", "email", "updated_at", "status", "created_at"):
                for is_descending in (True, False):
                    for offset in (0, 3, 58):
                        wanted = Wanted(**only, sort=sort, is_descending=is_descending, offset=offset, limit=4)
                        assert answered(wanted) == plainly(wanted), wanted


def test_who_began_to_write_before_is_waited_for(acme, globex):
    lead_in(acme, 1, name="Ana")
    began, noted = threading.Event(), threading.Event()

    def write():
        try:
            with tenant_context(acme), transaction.atomic():
                lead_in(acme, 2, name="Ana")
                began.set()
                assert noted.wait(20)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    assert began.wait(20)
    with tenant_context(acme):
        wanted = Wanted(search="ana")
        # It does not know that its lead should be counted: no total is kept before it has ended.
        assert [page_of_leads(wanted).total for _ in range(3)] == [1, 1, 1]
        assert CountedSearch.objects.count() == 1
        assert kept() == set()
        noted.set()
        writer.join()
        assert [page_of_leads(wanted).total for _ in range(3)] == [2, 2, 2]
        assert len(kept()) == 1


def test_many_write_and_search_at_the_same_moment(acme, globex):
    for number in range(30):
        lead_in(acme, number, name=random.choice(WORDS))
    failures = []

    def work(seed):
        dice = random.Random(seed)
        try:
            with tenant_context(acme):
                for step in range(40):
                    if dice.random() < 0.5:
                        page = page_of_leads(Wanted(search=dice.choice(SEARCHES), status=dice.choice(["", "new"])))
                        assert len(page.rows) == min(page.total, 25)
                    elif dice.random() < 0.5:
                        lead_in(acme, 1000 * seed + step, name=dice.choice(WORDS), status=dice.choice(STATUSES))
                    else:
                        mine = Lead.objects.filter(email__startswith=f"lead{seed}0")
                        mine.filter(pk__in=[lead.pk for lead in mine[:2]]).update(name=dice.choice(WORDS))
        except Exception as error:  # told below, in the thread that may fail the test
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with tenant_context(acme):
        assert len(kept()) > 3
        for search in SEARCHES:
            for status in ("", "new"):
                wanted = Wanted(search=search, status=status)
                assert answered(wanted) == plainly(wanted)


def test_the_one_not_asked_for_longest_is_let_go_of(acme, globex, monkeypatch):
    monkeypatch.setattr(counted_searches, "MOST_COUNTED", 3)
    lead_in(acme, 1, name="Ana Bia Cia Dia")
    with tenant_context(acme):
        for search in ("ana", "bia", "cia", "dia", "bia", "ana bia"):
            assert page_of_leads(Wanted(search=search)).total == 1
        assert kept() == {f"'{acme.pk}:{word}':*" for word in ("cia", "dia")} | {
            f"'{acme.pk}:ana':* & '{acme.pk}:bia':*"
        }
        for number in range(2, 5):
            lead_in(acme, number, name="Ana Bia")
        assert [page_of_leads(Wanted(search=search)).total for search in ("ana", "ana bia", "dia")] == [4, 4, 1]


def test_entries_are_folded_and_those_of_what_was_let_go_of_dropped(acme, globex):
    with tenant_context(acme):
        lead_in(acme, 0, name="Ana")
        page_of_leads(Wanted(search="ana"))
        page_of_leads(Wanted(search="lead"))
        CountedSearch.objects.filter(total=1).order_by("pk").last().delete()
        CountedSearchEntry.objects.create(search_id=2**40, leads=1)
        for number in range(1, 300):
            lead_in(acme, number, name="Ana")
        assert page_of_leads(Wanted(search="ana")).total == 300
        assert CountedSearchEntry.objects.count() < 200
        assert not CountedSearchEntry.objects.filter(search_id=2**40).exists()


def test_nothing_is_kept_within_a_transaction(acme, globex):
    lead_in(acme, 1, name="Ana")
    with tenant_context(acme), transaction.atomic():
        assert page_of_leads(Wanted(search="ana")).total == 1
        assert CountedSearch.objects.count() == 0


def test_a_search_longer_than_an_index_may_be_is_not_kept(acme, globex):
    words = [f"w{number}" for number in range(40)]
    lead_in(acme, 1, name=" ".join(words))
    with tenant_context(acme):
        assert page_of_leads(Wanted(search=" ".join(words))).total == 1
        assert CountedSearch.objects.count() == 0
        assert page_of_leads(Wanted(search=" ".join(words[:4]))).total == 1
        assert CountedSearch.objects.count() == 1
