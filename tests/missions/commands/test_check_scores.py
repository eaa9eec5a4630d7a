import pytest
from django.core.management import CommandError, call_command

from missions.models import Score
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.missions.evidence import earn, scores


@pytest.fixture
def maria(in_acme, globex):
    maria = CollaboratorFactory(name="Maria", email="maria@example.com")
    earn(maria, 5)
    return maria


BROKEN = "acme: 2026-03-11 maria@example.com (team -, mission -): points 6, evidence 5; completions 0, evidence 0\n"


def test_right_scores_are_said_to_be_right(maria, capsys):
    call_command("check_scores")
    assert capsys.readouterr().out == "Checked 4 tenants: scores are right.\n"
    call_command("check_scores", "--tenant", "acme")
    assert capsys.readouterr().out == "Checked 1 tenant: scores are right.\n"


def test_a_broken_score_is_told_and_fails(maria, capsys):
    Score.objects.update(points=6)
    with pytest.raises(CommandError) as error:
        call_command("check_scores")
    assert str(error.value) == "Scores differ from the evidence in acme; --repair puts them right."
    assert capsys.readouterr().out == BROKEN
    assert Score.objects.get().points == 6


def test_another_tenants_broken_score_is_not_looked_at(maria, capsys):
    Score.objects.update(points=6)
    call_command("check_scores", "--tenant", "globex")
    assert capsys.readouterr().out == "Checked 1 tenant: scores are right.\n"


def test_repair_puts_the_scores_right(maria, globex, capsys):
    with tenant_context(globex):
        before = scores()
    Score.objects.update(points=6)
    call_command("check_scores", "--repair")
    assert capsys.readouterr().out == (f"{BROKEN}acme: 1 score put right\nChecked 4 tenants: scores are right.\n")
    assert Score.objects.get().points == 5
    with tenant_context(globex):
        assert scores() == before
    call_command("check_scores")


def test_an_unknown_tenant_is_an_error(maria):
    with pytest.raises(CommandError) as error:
        call_command("check_scores", "--tenant", "nobody")
    assert str(error.value) == "There is no tenant “nobody”."
