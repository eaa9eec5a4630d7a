"""The house as it is meant: arrows, fences and the shape of the tree, checked over everything there is."""

import ast
import re
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from importlinter.cli import lint_imports

from salesos.constraints import SameTenant
from salesos.models import AuditEntry, RequestLog
from salesos.tenancy import NoTenant, Tenanted, TenantManager

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["salesos", "missions", "leads", "integrations"]
OURS = [model for model in apps.get_models() if model._meta.app_label in PACKAGES]
TENANTED = [model for model in OURS if issubclass(model, Tenanted)]

# Imports


def test_arrows_point_down(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    assert lint_imports(no_cache=True, no_logo=True) == 0, capsys.readouterr().out


def test_no_modules_import_each_other_in_a_circle(monkeypatch):
    monkeypatch.chdir(ROOT)
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)

    circle_free = TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    )

    circle_free.prepare()  # raises CycleError, which names the circle


# Tenancy


@pytest.mark.parametrize("model", TENANTED, ids=lambda model: model._meta.label)
def test_every_way_to_tenant_data_asks_for_a_tenant(model):
    assert [type(manager) for manager in model._meta.managers if not isinstance(manager, TenantManager)] == []
    assert model._meta.default_manager_name == "objects"
    for manager in (model.objects, model._default_manager):
        with pytest.raises(NoTenant):
            manager.all()


@pytest.mark.parametrize("model", [AuditEntry, RequestLog])
def test_logs_ask_for_a_tenant_although_some_of_their_rows_have_none(model):
    assert model._default_manager is model.objects
    with pytest.raises(NoTenant):
        model.objects.all()


def test_whatever_has_a_tenant_is_fenced():
    unfenced = {
        model._meta.label
        for model in set(OURS) - set(TENANTED)
        if any(field.name == "tenant" for field in model._meta.get_fields())
    }

    # Who may enter which tenant is asked before there is one, as is how far its log is summed; the log keeps rows of
    # unknown keys, the audit trail what concerns the platform, both behind fences of their own.
    assert unfenced == {
        "salesos.AuditEntry",
        "salesos.Membership",
        "salesos.RequestLog",
        "salesos.RequestsCounted",
    }


# Looked up, or counted by the user they name, before or beside any one tenant; or small, and found by an id alone.
INDEXES_NOT_BY_TENANT = {
    ("salesos_apikey", "id"),
    ("salesos_apikey", "key_id"),  # a request is known by its key before its tenant is
    ("salesos_apikey", "created_by_id"),
    ("salesos_apikey", "replaces_id"),
    ("salesos_apikey", "revoked_by_id"),
    ("salesos_backgroundfile", "id"),
    ("salesos_backgroundjob", "id"),
    ("salesos_backgroundpart", "id"),
    ("salesos_collaborator", "id"),
    ("salesos_collaboratormerge", "id"),
    ("salesos_requestcount", "id"),
    ("salesos_storedanswer", "id"),
    ("salesos_team", "id"),
    ("leads_countedsearch", "id"),
    ("leads_countedsearchentry", "id"),
    ("leads_deal", "id"),
    ("leads_defaultview", "id"),
    ("leads_deal", "search"),  # each word bears its tenant
    ("leads_lead", "id"),
    ("leads_leadmerge", "id"),
    ("leads_leadsapart", "id"),
    ("leads_lead", "search"),  # each of its words begins with the tenant
    ("leads_leadtally", "id"),
    ("leads_leadword", "id"),
    ("leads_pipeline", "id"),
    ("leads_savedview", "id"),
    ("leads_stage", "id"),
    ("missions_adjustment", "author_id"),
    ("missions_mapping", "id"),
    ("missions_mapping", "mission_id"),
    ("missions_mapping", "updated_by_id"),
    ("missions_mission", "id"),
    ("missions_walllink", "id"),
    ("missions_walllink", "token_hash"),  # a wall is known by its link before its tenant is
}


@pytest.mark.django_db
def test_indexes_of_tenant_data_start_with_the_tenant():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT indrelid::regclass::text, attname
            FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indrelid::regclass::text = ANY(%s) AND attname <> 'tenant_id'
            """,
            [[model._meta.db_table for model in TENANTED]],
        )
        assert set(cursor.fetchall()) == INDEXES_NOT_BY_TENANT


def test_only_what_leads_to_a_tenant_is_unique_over_all_tenants():
    fields = {
        f"{model._meta.label}.{field.name}"
        for model in TENANTED
        for field in model._meta.concrete_fields
        if field.unique and not field.primary_key
    }
    constraints = {
        constraint.name
        for model in TENANTED
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and first_column(constraint) != "tenant"
    }

    assert (fields, constraints) == ({"salesos.ApiKey.key_id", "missions.WallLink.token_hash"}, set())


def first_column(constraint: models.UniqueConstraint) -> str:
    return constraint.fields[0] if constraint.fields else constraint.expressions[0].name


GUARDED_OTHERWISE = {
    # By a trigger once a statement: a batch has a thousand rows (missions/migrations/0002_evidence.py).
    "missions.Activity.collaborator",
    "missions.Activity.team",
    "missions.Activity.mission",
    # Set by rotation alone, from a key that was found inside the tenant; read by nothing.
    "salesos.ApiKey.replaces",
    # A log of what happened: its rows outlive what they name, and nothing is reached through them.
    "salesos.RequestLog.api_key",
    "salesos.RequestCount.api_key",
}


def test_the_database_keeps_every_relation_inside_its_tenant():
    unguarded = {
        f"{model._meta.label}.{field.name}"
        for model in OURS
        for field in model._meta.concrete_fields
        if field.is_relation and issubclass(field.related_model, Tenanted)
        if not any(isinstance(guard, SameTenant) and guard.field == field.name for guard in model._meta.constraints)
    }

    assert unguarded == GUARDED_OTHERWISE


# (module, function, what) → why it reads more than one tenant. A new row here is a decision to be reviewed.
CROSSINGS = {
    ("salesos/management/commands/revoke_api_key.py", "_key", "every_tenant"): "a leaked key is known by its id alone",
    ("salesos/audit.py", "record_many", "_base_manager"): "reads nothing: inserts rows that name the current tenant",
    ("missions/walls/links.py", "find_link", "every_tenant"): "a wall is known by its link before its tenant is",
    ("salesos/admin/unrecognised.py", "get", "every_tenant"): "requests without a known key, for platform staff",
    ("salesos/admin/audit_trail.py", "entries", "every_tenant"): "what concerns the platform, for platform staff",
    (
        "salesos/admin/history.py",
        "entries_of",
        "every_tenant",
    ): "of a member or a user; narrowed to one trail",
    ("salesos/admin/tenant_figures.py", "_of_core", "every_tenant"): "sizes of all tenants, for platform staff",
    ("missions/admin/tenant_figures.py", "_of_missions", "every_tenant"): "sizes of all tenants, for platform staff",
}


def test_every_way_across_the_fence_is_known():
    found = {
        (path.relative_to(ROOT).as_posix(), function, name)
        for path in sources()
        if path.name != "tenancy.py"
        for function, name in crossings(ast.parse(path.read_text()))
    }

    assert found == set(CROSSINGS)


def crossings(node: ast.AST, function: str = "") -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Attribute) and child.attr in ("every_tenant", "_base_manager"):
            yield function, child.attr
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from crossings(child, child.name if is_function else function)


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


# The tree

TOP_LEVEL = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "docs",
    "integrations",
    "leads",
    "locale",
    "manage.py",
    "missions",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
    "salesos",
    "static",
    "templates",
    "tests",
}
MADE_HERE = {".git", ".venv", ".data", ".env", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".ruff_cache"}


def test_nothing_lies_around_at_the_top():
    assert {path.name for path in ROOT.iterdir()} - MADE_HERE - TOP_LEVEL == set()


# Written so that this file does not match itself.
OF_ONE_MACHINE = re.compile(
    r"(?<![\w.])/(work|root|home/\w+|opt/pypi|opt/wheels)/|[.](org|com)/simple|python[h]osted|registry[.]npm|index[-]url"
)


def test_no_file_knows_the_machine_it_was_written_on():
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in our_files()
        for match in OF_ONE_MACHINE.finditer(path.read_bytes().decode(errors="replace"))
    ]

    assert found == []


def our_files() -> Iterator[Path]:
    for top in (ROOT / name for name in TOP_LEVEL):
        files = [top] if top.is_file() else top.rglob("*")
        yield from (path for path in files if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.django_db
def test_migrations_say_what_the_models_say(capsys):
    call_command("makemigrations", check=True, dry_run=True)

    assert capsys.readouterr().out == "No changes detected\n"


def test_the_locks_hold_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert names(project["project"]["dependencies"]) - names(runtime) == set()
    assert names(project["dependency-groups"]["dev"]) - names(development) == set()
    assert runtime - development == set()


def names(requirements) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def locked(lock):
    return set(re.findall(r"^[\w-]+==\S+", (ROOT / lock).read_text(), re.MULTILINE))
