"""Background jobs: done in parts, once each; seen, cancelled, failed, and taken up again where they stopped."""

import pytest
from django.db import OperationalError, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import JobContext

from salesos import audit, background
from salesos.background.jobs import KINDS, Interrupted
from salesos.background.queue import MOST_ATTEMPTS, Delivered, Resumed, work_on
from salesos.database import run
from salesos.models import AuditEntry, BackgroundFile, BackgroundJob, BackgroundPart, Team
from salesos.tenancy import current_tenant, tenant_context
from tests.factories import MembershipFactory
from tests.queue import do_waiting, job_of


@pytest.fixture(autouse=True)
def making_teams():
    """A kind of job that makes a team for each line of its file, two a part."""

    @background.work("tests.teams")
    class MakeTeams(background.Work):
        def chunks(self, job):
            names = background.file_of(job).decode().split()
            return (names[at : at + 2] for at in range(0, len(names), 2))

        def do(self, job, names):
            for name in names:
                audit.record("team.created", Team.objects.create(name=name))
            if "Fatal" in names:
                raise ZeroDivisionError
            return background.Part(len(names), {"new": len(names)}, names)

        def ended(self, job):
            audit.record("teams.made", job.state)

    yield MakeTeams
    del KINDS["tests.teams"]


@pytest.fixture
def boss(acme, globex):
    return MembershipFactory(tenant=acme).user


def prepared(boss, names="North South East West Up"):
    return background.prepare("tests.teams", by=boss, file=names.encode(), file_name="teams.txt", total=5)


def teams() -> list[str]:
    return list(Team.objects.order_by("pk").values_list("name", flat=True))


def test_what_is_started_is_done_by_the_worker_in_its_tenant(boss, acme, globex):
    with tenant_context(acme):
        job = prepared(boss)
        assert background.start(job)
        assert not background.start(job)
    assert do_waiting() == 1

    with tenant_context(acme):
        job.refresh_from_db()
        assert (job.state, job.has_ended, teams()) == ("done", True, ["North", "South", "East", "West", "Up"])
        parts = BackgroundPart.objects.values_list("number", "done", "counts", "result")
        assert list(parts) == [
            (0, 2, {"new": 2}, ["North", "South"]),
            (1, 2, {"new": 2}, ["East", "West"]),
            (2, 1, {"new": 1}, ["Up"]),
        ]
        assert not BackgroundFile.objects.exists()
        last = AuditEntry.objects.order_by("-id").first()
        assert (last.action, last.subject, last.actor) == ("teams.made", "done", boss)
    with tenant_context(globex):
        assert (teams(), BackgroundJob.objects.count()) == ([], 0)


def test_what_is_rolled_back_is_never_queued(boss, in_acme):
    with transaction.atomic():
        background.start(prepared(boss))
        transaction.set_rollback(True)

    assert (BackgroundJob.objects.count(), ProcrastinateJob.objects.count(), do_waiting()) == (0, 0, 0)


def test_jobs_of_a_tenant_wait_for_each_other_and_not_for_those_of_others(boss, acme, globex):
    for tenant in (acme, acme, globex):
        with tenant_context(tenant):
            background.start(prepared(boss))

    locks = list(ProcrastinateJob.objects.order_by("id").values_list("lock", flat=True))
    assert locks == [f"tenant {acme.pk}", f"tenant {acme.pk}", f"tenant {globex.pk}"]


def test_an_interrupted_job_goes_on_where_it_stopped(boss, in_acme):
    job = prepared(boss)
    asked = iter([False, True])
    with pytest.raises(Interrupted):
        background.run(job, is_interrupted=lambda: next(asked))
    assert (teams(), BackgroundPart.objects.count()) == (["North", "South"], 1)

    assert background.run(job).state == "done"

    assert teams() == ["North", "South", "East", "West", "Up"]


def test_a_part_that_another_one_did_is_not_done_again(boss, in_acme):
    job = prepared(boss)
    BackgroundPart.objects.create(job=job, number=1, done=2)

    background.run(job)

    assert teams() == ["North", "South", "Up"]


def test_a_job_that_ended_is_left_alone(boss, in_acme):
    job = background.run(prepared(boss))

    assert background.run(job).ended_at == job.ended_at
    assert len(teams()) == 5


def test_cancelled_before_it_began_nothing_is_done(boss, acme, globex):
    with tenant_context(acme):
        job = prepared(boss)
        background.start(job)
        background.ask_to_cancel(job)
    do_waiting()

    with tenant_context(acme):
        job.refresh_from_db()
        assert (job.state, teams(), BackgroundFile.objects.count()) == ("cancelled", [], 0)


def test_cancelled_under_way_it_ends_after_the_part_that_it_is_at(boss, in_acme):
    job = prepared(boss)
    asked = []

    def cancel_once():
        if not asked:
            asked.append(job)
        elif len(asked) == 1:
            asked.append(job)
            background.ask_to_cancel(job)
        return False

    job = background.run(job, is_interrupted=cancel_once)

    assert (job.state, teams()) == ("cancelled", ["North", "South"])
    background.ask_to_cancel(job)
    assert BackgroundJob.objects.get().state == "cancelled"


def test_what_a_part_raises_fails_the_job_and_leaves_the_others(boss, acme, globex, caplog):
    with tenant_context(acme):
        job = prepared(boss, "North South Fatal West Up")
        background.start(job)
    do_waiting()

    with tenant_context(acme):
        job.refresh_from_db()
        assert (job.state, teams()) == ("failed", ["North", "South"])
        assert set(AuditEntry.objects.values_list("action", "actor")) == {
            ("team.created", boss.pk),
            ("teams.made", boss.pk),
        }
    assert "ZeroDivisionError" in caplog.text


def test_a_job_that_is_thrown_away_under_way_is_no_failure(boss, acme, globex, making_teams, monkeypatch, caplog):
    with tenant_context(acme):
        job = prepared(boss)
        background.start(job)
    does = making_teams.do

    def do(self, job, names):
        if "East" in names:
            BackgroundJob.objects.filter(pk=job.pk).delete()
        return does(self, job, names)

    monkeypatch.setattr(making_teams, "do", do)
    do_waiting()

    with tenant_context(acme):
        assert teams() == ["North", "South", "East", "West"]
        assert not BackgroundJob.objects.exists()
    assert caplog.text == ""


def test_nobody_prepares_what_nobody_does(boss, in_acme):
    with pytest.raises(ValueError, match="Nobody does"):
        background.prepare("tests.unknown", by=boss)


def test_who_acts_on_the_dashboard_is_who_acts_in_the_background(boss, in_acme):
    with audit.acting(audit.Actor(boss, "192.0.2.7", as_staff=True)):
        job = background.prepare("tests.teams", file=b"North", total=1)

    background.run(job)

    entry = AuditEntry.objects.get(action="team.created")
    assert (entry.actor, entry.address, entry.as_staff) == (boss, "192.0.2.7", True)


def test_parts_side_by_side_are_each_done_once(transactional_db, making_teams):
    from salesos.tenants import create_tenant  # noqa: PLC0415

    making_teams.at_once = 3
    names = [f"Team {number}".replace(" ", "-") for number in range(41)]
    with tenant_context(create_tenant("Acme", time_zone="UTC")):
        assert current_tenant().name == "Acme"
        job = background.run(background.prepare("tests.teams", file=" ".join(names).encode(), total=41))

        assert (job.state, sorted(teams())) == ("done", sorted(names))
        assert sum(BackgroundPart.objects.values_list("done", flat=True)) == 41


def test_a_part_that_another_transaction_stopped_is_done_again(transactional_db, making_teams, monkeypatch):
    from salesos.tenants import create_tenant  # noqa: PLC0415

    does, stopped = making_teams.do, []

    def do(self, job, names):
        part = does(self, job, names)
        if not stopped:
            stopped.append(names)
            run("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
        return part

    monkeypatch.setattr(making_teams, "do", do)
    with tenant_context(create_tenant("Acme", time_zone="UTC")):
        job = background.run(background.prepare("tests.teams", file=b"North South West", total=3))

        assert (job.state, teams(), stopped) == ("done", ["North", "South", "West"], [["North", "South"]])


def test_what_stopped_with_its_worker_goes_on_at_once_and_what_lost_the_database_later(boss, in_acme):
    background.start(prepared(boss))
    queued = job_of(ProcrastinateJob.objects.get())

    assert Resumed().get_retry_decision(exception=JobAborted(), job=queued) is not None
    assert Resumed().get_retry_decision(exception=OperationalError(), job=queued).retry_at is not None
    assert Resumed().get_retry_decision(exception=OperationalError(), job=queued.evolve(attempts=MOST_ATTEMPTS)) is None
    assert Resumed().get_retry_decision(exception=ZeroDivisionError(), job=queued) is None
    assert Delivered().get_retry_decision(exception=OSError(), job=queued) is not None
    assert Delivered().get_retry_decision(exception=OSError(), job=queued.evolve(attempts=MOST_ATTEMPTS + 1)) is None


def test_a_job_that_ends_its_worker_each_time_is_given_up(boss, acme, globex, caplog):
    with tenant_context(acme):
        job = prepared(boss)
        background.start(job)
    row = ProcrastinateJob.objects.get()
    queued = job_of(row).evolve(attempts=MOST_ATTEMPTS + 1)

    work_on(JobContext(app=app, job=queued, start_timestamp=0, abort_reason=lambda: None), **row.args)

    with tenant_context(acme):
        job.refresh_from_db()
        assert (job.state, teams(), BackgroundFile.objects.count()) == ("failed", [], 0)
    assert "Given up" in caplog.text


def test_every_task_has_a_lane(db):
    from salesos.background.worker import LANES  # noqa: PLC0415

    assert {task.queue for task in app.tasks.values()} - {"builtin"} <= {queue for queue, _most in LANES}
