"""Defects found from outside, each a request that a caller or a colleague can make."""

import pytest
from django.db import connection

from missions.mapping import mission_named, set_mapping
from missions.models import Activity
from salesos.models import Team
from salesos.tenancy import tenant_context
from tests.door import door


def person(number, **more):
    return {"external_id": f"e{number}", "name": "N", "email": f"p{number}@acme.example", **more}


@pytest.mark.parametrize("pair", [("Istanbul", "İstanbul"), ("istanbul", "İSTANBUL")])
def test_team_names_that_the_database_folds_alike_are_one_team(acme, globex, pair):
    synced = door(acme).people(person(1, team=pair[0]), person(2, team=pair[1]))
    assert synced == {"created": 2, "existing": 0, "errors": [], "total": 2}
    with tenant_context(acme):
        assert Team.objects.count() == 1


def test_every_answer_of_the_api_tells_its_length(acme, globex):
    acme_door = door(acme)
    answers = [
        acme_door.send({"action": "sync_activities", "activities": []}),
        acme_door.send(b"nonsense"),
        acme_door.send(path="/functions/v1/nothing"),
    ]
    assert [answer.headers.get("Content-Length") for answer in answers] == [
        str(len(answer.content)) for answer in answers
    ]


@pytest.mark.django_db(transaction=True)
def test_a_mission_deleted_while_its_activity_arrives_fails_no_request(acme, globex):
    acme_door = door(acme)
    acme_door.people(person(1))
    with tenant_context(acme):
        mission = mission_named("Doomed")
        set_mapping("default", "777", mission=mission, points=5)
    deleted = []

    def delete_first(execute, sql, params, many, context):
        """Between the look-ups of a batch and its writing, somebody else deletes the mission."""
        if "INSERT INTO missions_activity" in sql and not deleted:
            deleted.append(True)
            with connection.cursor() as stranger:
                # In the same connection, yet committed: the batch is not in a transaction before it writes.
                stranger.execute("DELETE FROM missions_mapping WHERE mission_id = %s", [mission.pk])
                stranger.execute("DELETE FROM missions_mission WHERE id = %s", [mission.pk])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(delete_first):
        sent = {"activity_code": "777", "external_id": "a1", "collaborator_email": "p1@acme.example"}
        answer = acme_door.send({"action": "sync_activities", "activities": [sent]})
    assert (answer.status_code, deleted) == (200, [True])
    with tenant_context(acme):
        assert [(row.external_id, row.mission_id) for row in Activity.objects.all()] == [("a1", None)]
