"""The way to PostgreSQL: which server, and the short cut for the hot path."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.utils import DataError, IntegrityError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from salesos.database import array, connection_settings, embedded_url, run, text_array

# PostgreSQL keeps any text but NUL; a lone surrogate is no text.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
on_one_database = hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.django_db
@on_one_database
@given(st.lists(texts))
def test_any_texts_go_through_an_array_unchanged(values):
    assert run("SELECT %s::text[]", [text_array(values)]) == [(values,)]


@pytest.mark.django_db
@on_one_database
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
def test_any_numbers_go_through_an_array_unchanged(values):
    assert run("SELECT %s::bigint[]", [array(values)]) == [(values,)]


@pytest.mark.django_db
def test_words_and_signs_with_a_meaning_in_arrays_are_only_text():
    values = ["NULL", "null", "", " ", "{}", "{a,b}", ",", '"', "\\", '\\"', "'", "\n"]

    assert run("SELECT %s::text[]", [text_array(values)]) == [(values,)]


@pytest.mark.parametrize("values", [["a\0b"], ["\0"], ["a", "b\0"]])
def test_what_postgres_has_in_no_text_is_refused(values):
    with pytest.raises(ValueError, match="NUL"):
        text_array(values)


@pytest.mark.django_db
def test_a_statement_without_rows_gives_none(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert run("UPDATE salesos_cache SET number = 1 WHERE key = %s", ["nobody"]) == []


@pytest.mark.django_db
def test_a_percent_sign_needs_no_care_in_a_statement_without_parameters():
    assert run("SELECT 'a' LIKE '%'") == [(True,)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "expected"),
    [("SELECT 1 / %s", DataError), ("INSERT INTO salesos_cache (key) VALUES (%s::int::text)", IntegrityError)],
)
def test_errors_are_djangos(statement, expected):
    with pytest.raises(expected), transaction.atomic():
        run(statement, [0])

    assert run("SELECT 1") == [(1,)]


def test_a_database_address_is_taken_as_it_is(tmp_path):
    config = connection_settings("postgres://ann:s%20ecret@db.example:5433/sales?sslmode=require", tmp_path)

    assert {name: config[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "sales",
        "USER": "ann",
        "PASSWORD": "s ecret",
        "HOST": "db.example",
        "PORT": 5433,
    }
    assert config["OPTIONS"]["sslmode"] == "require"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///s3cret", "mysql://ann:s3cret@host/sales", "s3cret", "://s3cret", "postgres://host", "postgres:///",
        "postgres://ann:s3cret@host:port/sales", "postgres://ann:s3/cret@host/sales", "postgres://[::1/s3cret",
    ],
)  # fmt: skip
def test_what_names_no_postgres_database_is_refused_without_repeating_it(tmp_path, url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must name a PostgreSQL database") as refusal:
        connection_settings(url, tmp_path)
    assert "s3" not in str(refusal.value)


def test_the_running_server_is_found(django_db_setup):
    assert embedded_url(settings.DATA_DIR).endswith(connection.settings_dict["HOST"])


START = "import sys, pathlib, salesos.database as d; print(d.embedded_url(pathlib.Path(sys.argv[1])))"


def start_embedded(data_dir: Path) -> str:
    """Start the embedded server in a process of its own, which stops it when it ends."""
    process = subprocess.run([sys.executable, "-c", START, data_dir], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout.strip()


def test_the_embedded_server_stops_with_the_last_process_that_asked_for_it(tmp_path):
    url = start_embedded(tmp_path)

    assert url == f"postgres://postgres@/salesos?host={tmp_path / 'postgres'}"
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    assert not (tmp_path / "postgres.unfinished").exists()


def test_a_first_start_that_was_interrupted_begins_anew(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres.unfinished").touch()

    assert start_embedded(tmp_path)
    assert not (tmp_path / "postgres.unfinished").exists()


def test_what_a_server_left_that_died_with_its_machine_is_not_taken_for_a_running_one(tmp_path):
    folder = tmp_path / "postgres"
    start_embedded(tmp_path)
    ours = os.getpid()
    (folder / "postmaster.pid").write_text(f"{ours}\n{folder}\n1700000000\n5432\n{folder}\n\n  1 2\nready\n")
    (folder / ".handle_pids.json").write_text(f"[{ours}]")

    assert start_embedded(tmp_path)
    assert not (folder / "postmaster.pid").exists()
