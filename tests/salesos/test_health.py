"""What a load balancer is told, and why."""

import pytest
from django.db import connection


def test_a_process_says_that_it_is_alive_without_asking_the_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_process_whose_database_and_cache_answer_is_ready_and_says_whether_anybody_works_behind_it(client):
    alone = client.get("/readyz")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    answer = client.get("/readyz")

    warnings = {"worker": "no sign of life for a minute (manage.py work)"}
    assert (alone.status_code, alone.json()) == (200, {"status": "ok", "warnings": warnings})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readiness_names_the_migrations_that_are_not_applied(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app IN ('salesos', 'missions') AND name = '0001_initial'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "failing": {"migrations": "not applied: missions.0001_initial, salesos.0001_initial"},
    }


@pytest.mark.django_db
def test_readiness_names_a_cache_that_cannot_be_reached(client, settings):
    settings.CACHES = settings.CACHES | {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "failing": {"cache": "unreachable"}}


@pytest.mark.django_db(transaction=True)
def test_readiness_fails_without_a_word_about_hosts_while_the_database_is_gone_and_recovers(client, monkeypatch):
    connection.close()
    with monkeypatch.context() as gone:
        gone.setitem(connection.settings_dict, "HOST", "/nowhere/at/all")
        answer = client.get("/readyz")
        alive = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "failing": {"database": "unreachable", "cache": "unreachable", "migrations": "unreachable"},
    }
    assert alive.status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_only_read(client, path):
    assert client.post(path).status_code == 405


def test_probes_are_answered_over_plain_http_where_everything_else_is_sent_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
