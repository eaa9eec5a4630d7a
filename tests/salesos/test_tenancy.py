"""The fence: nothing of a tenant is read or written outside of its context."""

import pytest

from missions.models import Mission
from salesos.models import RequestLog, Team
from salesos.tenancy import (
    NoTenant,
    WrongTenant,
    current_tenant,
    tenant_context,
)
from tests.factories import MissionFactory, TeamFactory


@pytest.fixture
def teams(acme, globex):
    """A team of the same name in each tenant."""
    return TeamFactory(tenant=acme, name="North"), TeamFactory(tenant=globex, name="North")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Team.objects.all(),
        lambda: Team.objects.count(),
        lambda: Team.objects.get(pk=1),
        lambda: Team.objects.filter(name="x").exists(),
        lambda: Team.objects.update(name="x"),
        lambda: Team.objects.create(name="x"),
        lambda: Team.objects.bulk_create([Team(name="x")]),
        lambda: Team(name="x").save(),
        lambda: RequestLog.objects.all(),
    ],
)
def test_without_a_tenant_everything_raises(teams, ask):
    with pytest.raises(NoTenant):
        ask()


def test_inside_a_context_there_is_one_tenant(teams, acme, globex):
    ours, theirs = teams

    with tenant_context(acme):
        assert list(Team.objects.all()) == [ours]
        assert not Team.objects.filter(pk=theirs.pk).exists()
        assert Team.objects.update(name="South") == 1
        assert Team.objects.all().delete()[0] == 1
    with tenant_context(globex):
        assert [team.name for team in Team.objects.all()] == ["North"]


def test_a_sandbox_is_a_tenant_of_its_own(acme, globex):
    TeamFactory(tenant=acme.sandbox)

    with tenant_context(acme):
        assert list(Team.objects.all()) == []


def test_the_inner_context_counts_and_the_outer_one_returns(acme, globex):
    with tenant_context(acme):
        with tenant_context(globex):
            assert current_tenant() == globex
        assert current_tenant() == acme
    with pytest.raises(NoTenant):
        current_tenant()


def test_the_context_closes_after_an_error(acme):
    with pytest.raises(ZeroDivisionError), tenant_context(acme):
        1 / 0  # noqa: B018

    with pytest.raises(NoTenant):
        current_tenant()


def test_a_new_row_belongs_to_the_tenant_around_it(acme, globex):
    with tenant_context(acme):
        assert Team.objects.create(name="North").tenant == acme
        assert [team.tenant for team in Team.objects.bulk_create([Team(name="South")])] == [acme]


@pytest.mark.parametrize(
    "write",
    [
        lambda team: team.save(),
        lambda team: team.delete(),
        lambda team: Team.objects.bulk_create([Team(name="South", tenant=team.tenant)]),
        lambda team: Team.objects.create(name="South", tenant=team.tenant),
    ],
)
def test_a_row_of_another_tenant_is_not_written(teams, acme, globex, write):
    _, theirs = teams

    with tenant_context(acme), pytest.raises(WrongTenant):
        write(theirs)

    with tenant_context(globex):
        assert [team.name for team in Team.objects.all()] == ["North"]


def test_the_fence_holds_from_one_row_to_the_next(acme, globex):
    with tenant_context(acme):
        mission = MissionFactory()

    with pytest.raises(NoTenant):
        mission.mappings.all()
    with tenant_context(globex):
        assert list(Mission.objects.filter(pk=mission.pk)) == []


def test_the_way_across_gives_every_tenants_rows_and_wants_a_reason(teams):
    with pytest.raises(ValueError, match="why"):
        Team.objects.every_tenant(reason="")

    assert set(Team.objects.every_tenant(reason="a test")) == set(teams)
