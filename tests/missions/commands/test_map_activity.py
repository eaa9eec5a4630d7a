import pytest
from django.core.management import CommandError, call_command

from missions.models import Mapping, Mission
from salesos.tenancy import tenant_context


def run(capsys, *arguments):
    call_command("map_activity", *arguments)
    return capsys.readouterr().out


def test_a_code_is_mapped_and_its_mission_made(in_acme, globex, capsys):
    said = run(capsys, "--tenant", "acme", "001", "Ligações Realizadas", "5")
    assert said == "default 001 → Ligações Realizadas, 5 points\n"
    mapping = Mapping.objects.get()
    assert (mapping.source, mapping.code, mapping.mission.name, mapping.points) == (
        "default", "001", "Ligações Realizadas", 5,
    )  # fmt: skip
    with tenant_context(globex):
        assert [mission.name for mission in Mission.objects.all()] == ["Calls"]


def test_mapping_again_changes_the_mapping_and_keeps_the_mission(in_acme, globex, capsys):
    run(capsys, "--tenant", "acme", "001", "Calls", "5")
    assert (
        run(capsys, "--tenant", "acme", "001", "calls", "8", "--source", "default") == "default 001 → Calls, 8 points\n"
    )
    assert [(row.code, row.mission.name, row.points) for row in Mapping.objects.all()] == [("001", "Calls", 8)]


def test_a_sandbox_has_mappings_of_its_own(acme, globex, capsys):
    run(capsys, "--tenant", "acme-sandbox", "001", "Calls", "5")
    with tenant_context(acme):
        assert Mapping.objects.count() == 0
    with tenant_context(acme.sandbox):
        assert Mapping.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tenant", "nobody", "001", "Calls", "5"], "There is no tenant “nobody”."),
        (["--tenant", "acme", "1", "Calls", "5"], "A code of the Default integration has three digits, 001 to 999."),
        (["--tenant", "acme", "001", "", "5"], "MISSION: This field cannot be blank."),
        (["--tenant", "acme", "001", " ", "5"], "MISSION: This field cannot be blank."),
        (["--tenant", "acme", "001", "Calls", "1000001"], "Expected 0 to 1000000 points."),
        (["--tenant", "acme", "001", "Calls", "5", "--source", "leads?"], "There is no source “leads?”."),
    ],
)
def test_what_cannot_be_is_an_error_and_leaves_nothing(in_acme, globex, arguments, message):
    with pytest.raises(CommandError) as error:
        call_command("map_activity", *arguments)
    assert str(error.value) == message
    assert (Mapping.objects.count(), Mission.objects.count()) == (0, 0)
