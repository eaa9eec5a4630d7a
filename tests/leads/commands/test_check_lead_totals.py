import pytest
from django.core.management import CommandError, call_command

from leads.listing import Wanted, page_of_leads
from leads.models import CountedSearch, LeadTally
from salesos.tenancy import tenant_context
from tests.leads.test_list import lead_in


def test_right_totals_are_told_so(acme, globex, capsys):
    lead_in(acme, 1)

    call_command("check_lead_totals")

    assert capsys.readouterr().out == "Checked 4 tenants: totals are right.\n"


def test_a_wrong_total_is_told_and_repaired(acme, globex, capsys):
    lead_in(acme, 1, source="ads")
    lead_in(globex, 1)
    with tenant_context(acme):
        LeadTally.objects.filter(level=3).update(leads=5)

    with pytest.raises(CommandError, match="differ from the leads in acme; --repair"):
        call_command("check_lead_totals")
    assert capsys.readouterr().out == "acme: status new, source 'any', owner any: 5, not 1\n"

    call_command("check_lead_totals", "--tenant", "acme", "--repair")
    assert capsys.readouterr().out.endswith("acme: 1 total put right\nChecked 1 tenant: totals are right.\n")
    call_command("check_lead_totals")


@pytest.mark.alone
@pytest.mark.django_db(transaction=True)
def test_a_wrong_total_of_a_search_is_told_and_counted_anew(acme, globex, capsys, monkeypatch):
    monkeypatch.setattr("leads.listing.COUNTED_FROM", 1)
    for tenant in (acme, globex):
        lead_in(tenant, 1)
        with tenant_context(tenant):
            page_of_leads(Wanted(search="lead", status="new"))
    with tenant_context(acme):
        CountedSearch.objects.update(total=5)

    with pytest.raises(CommandError, match="differ from the leads in acme; --repair"):
        call_command("check_lead_totals")
    assert capsys.readouterr().out == f"acme: search '{acme.pk}:lead':* new: 5, not 1\n"

    call_command("check_lead_totals", "--repair")
    assert capsys.readouterr().out.endswith("acme: 1 total put right\nChecked 4 tenants: totals are right.\n")
    with tenant_context(acme):
        assert [page_of_leads(Wanted(search="lead", status="new")).total for _ in range(2)] == [1, 1]
        assert CountedSearch.objects.get().total == 1
