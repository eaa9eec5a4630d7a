"""`manage.py serve`, as it is run: processes, signals, a database of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http.request import validate_host

from salesos import server
from salesos.management.commands.serve import Server, host_for_links
from salesos.worker import SalesOSWorker

ANY = "0.0.0.0"  # noqa: S104 - nobody listens there
ROOT = Path(__file__).resolve().parents[2]
NO_DATABASE = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}


@pytest.fixture
def installation(tmp_path):
    """The environment of a fresh installation, with a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        "PYTHONWARNINGS": "error",
    }


def manage(installation, *arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=installation,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def serving(installation):
    """Start `manage.py serve` and wait until it says that it is ready; whatever a test leaves is killed."""
    started = []

    def serve(*arguments):
        process = manage(installation, "serve", *arguments)
        started.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("SalesOS is ready"):
                return process, "".join(said)
        pytest.fail("".join(said))

    yield serve
    for process in started:
        if process.poll() is None:
            kill(process)
        process.stdout.close()
    if (postgres := database_process(installation)) and psutil.pid_exists(postgres):
        psutil.Process(postgres).kill()


def kill(process):
    """SIGKILL to all of a server's processes at once, also to those that it is about to start; PostgreSQL lives on."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ask(installation, path):
    connection = http.client.HTTPConnection("127.0.0.1", int(installation["PORT"]), timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def database_process(installation):
    note = Path(installation["DATA_DIR"], "postgres", "postmaster.pid")
    return int(note.read_text().split()[0]) if note.exists() else None


def run(installation, *arguments):
    process = manage(installation, *arguments)
    output, _ = process.communicate()
    return process.returncode, output


def test_it_brings_everything_along_takes_everything_away_and_finds_it_again(installation, serving):
    first, said = serving()

    assert said == f"SalesOS is ready on http://127.0.0.1:{installation['PORT']} (Ctrl-C stops it).\n"
    assert ask(installation, "/readyz")[0] == 200
    assert run(installation, "create_tenant", "Acme")[0] == 0
    postgres = database_process(installation)

    # Another process used the embedded server meanwhile, and ended: it must still be there.
    assert ask(installation, "/readyz")[0] == 200
    assert database_process(installation) == postgres

    os.killpg(first.pid, signal.SIGINT)  # Ctrl-C
    assert first.wait(60) == 0
    assert database_process(installation) is None

    second, _ = serving()

    assert ask(installation, "/healthz") == (200, '{"status": "ok"}')
    code, refusal = run(installation, "create_tenant", "Acme")
    assert (code, "exists" in refusal) == (1, True)
    second.terminate()
    assert second.wait(60) == 0
    assert database_process(installation) is None


def test_a_server_that_was_killed_leaves_nothing_that_stops_the_next(installation, serving):
    first, _ = serving()
    postgres = database_process(installation)
    kill(first)

    second, _ = serving()

    assert database_process(installation) == postgres
    assert ask(installation, "/readyz")[0] == 200
    second.terminate()
    assert second.wait(60) == 0
    assert database_process(installation) is None


def test_a_port_in_use_is_said_before_anything_is_done(monkeypatch):
    monkeypatch.setattr("salesos.management.commands.serve.LAST_SERVER_LEAVES", 0)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(CommandError) as refusal:
            call_command("serve", f"--port={port}")

    assert str(refusal.value) == (
        f"Can't listen on 127.0.0.1:{port}: Address already in use. "
        "Another port: make run PORT=8001, or serve --port 8001."
    )


@pytest.mark.parametrize(
    ("bind", "allowed", "host"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1", "[::1]"], "127.0.0.1"),
        (ANY, ["localhost", "127.0.0.1", "[::1]"], "127.0.0.1"),
        ("[::]", ["localhost", "127.0.0.1", "[::1]"], "127.0.0.1"),
        ("[::1]", ["localhost", "127.0.0.1", "[::1]"], "[::1]"),
        (ANY, ["sales.example.com", "sales.example.org"], "sales.example.com"),
        ("127.0.0.1", [".example.com"], "example.com"),
        ("10.0.0.7", ["*"], "10.0.0.7"),
        (ANY, ["*"], "127.0.0.1"),
    ],
)
def test_the_address_that_is_printed_is_one_that_is_let_in(settings, bind, allowed, host):
    settings.ALLOWED_HOSTS = allowed

    assert host_for_links(bind) == host
    assert validate_host(host, allowed)


def test_a_wrong_setting_is_said_in_the_words_of_the_checks(installation):
    wrong = installation | NO_DATABASE | {"TRUSTED_PROXIES": "proxy.example"}
    said = "(salesos.E001) TRUSTED_PROXIES has “proxy.example”"

    Path(wrong["DATA_DIR"], "static").mkdir(parents=True)

    code, output = run(wrong, "serve")
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:salesos.server", "salesos.wsgi"]
    production = subprocess.run(gunicorn, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)

    assert (code, said in output) == (1, True)
    assert (production.returncode, said in production.stderr) == (1, True)


def test_gunicorn_knows_every_setting_that_we_name():
    config = Server(workers=3).cfg

    assert (config.workers, config.threads, config.worker_class) == (3, 4, SalesOSWorker)
    assert (config.keepalive, config.preload_app, config.accesslog) == (15, True, None)
    assert config.forwarded_allow_ips == ["127.0.0.1", "::1"]
    named = {name for name in vars(server) if not name.startswith("_") and not name[0].isupper()}
    imported = {"gc", "os", "signal", "sys", "connections", "get_resolver", "parse_network", "suppress"}
    assert named - imported - config.settings.keys() == set()


def server_setting(name, **environment):
    read = f"from salesos import server; print(server.{name})"
    environment = {"PATH": os.environ["PATH"], **NO_DATABASE, "SECRET_KEY": "x" * 50, **environment}
    return subprocess.check_output([sys.executable, "-c", read], cwd=ROOT, env=environment, text=True).strip()


def test_only_declared_proxies_may_say_that_a_request_came_by_https():
    proxies = "10.0.0.5/8,unix,::ffff:192.0.2.0/120,2001:db8::1"

    assert server_setting("forwarded_allow_ips", TRUSTED_PROXIES=proxies) == (
        "127.0.0.1,::1,10.0.0.0/8,192.0.2.0/24,2001:db8::1/128"
    )


def test_gunicorn_may_listen_on_a_unix_socket_as_well():
    assert server_setting("bind", PORT="8001") == "127.0.0.1:8001"
    assert server_setting("bind", BIND="unix:/run/salesos.sock", PORT="8001") == "unix:/run/salesos.sock"


# The background worker

LETTER = """
from salesos import mailing
from salesos.models import User
zoe = User(email="zoe@acme.example", name="Zoe", language="en")
mailing.send("password_changed", mailing.write("password_changed", zoe))
"""


def post_letter(installation):
    with manage(installation, "shell", "--no-imports", "--command", LETTER) as process:
        assert process.wait(60) == 0


def worker_of(process) -> psutil.Process | None:
    children = [child for child in psutil.Process(process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return next((child for child in children if "work" in child.cmdline()), None)


def wait_for_letter(process):
    for line in process.stdout:
        if line.startswith("To: zoe@acme.example"):
            return
    pytest.fail("The server ended.")


def test_what_is_queued_is_done_also_after_the_worker_was_killed(serving, installation):
    process, _said = serving()
    post_letter(installation)
    wait_for_letter(process)
    first = worker_of(process)
    first.kill()
    post_letter(installation)
    wait_for_letter(process)

    second = worker_of(process)
    assert second.pid != first.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not second.is_running()


def test_a_worker_does_not_outlive_the_server_that_started_it(serving, installation):
    process, _said = serving()
    post_letter(installation)
    wait_for_letter(process)
    worker = worker_of(process)

    process.kill()

    worker.wait(15)
