"""The worker process, asked by callers that keep to no protocol: a real server on the tests' database."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from gunicorn.http.errors import LimitRequestHeaders

from salesos import worker
from salesos.models import RequestLog
from salesos.worker import Inlet, Unreadable
from tests.door import token_of

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
PATH = b"/functions/v1/default-integration"
HEALTHY = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Server:
    """One process of four threads, reached by a socket of its own: no port that another program could have."""

    def __init__(self, folder):
        self.address, self.log = str(folder / "http"), folder / "log"
        database = connection.settings_dict
        url = f"postgres://{database['USER']}@/{database['NAME']}?host={quote(database['OPTIONS']['host'])}"
        (folder / "static").mkdir()
        environment = {"DATA_DIR": str(folder), "DATABASE_URL": url, "BIND": f"unix:{self.address}"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:salesos.server", "salesos.wsgi"],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1", **environment},
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(self.address):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def connect(self, sent):
        caller = socket.socket(socket.AF_UNIX)
        caller.settimeout(PATIENCE)
        caller.connect(self.address)
        caller.sendall(sent)
        return caller

    def ask(self, sent):
        """(status, headers, body) of the answer to the bytes that are sent."""
        return answer_to(self.connect(sent))


def answer_to(caller):
    with caller, caller.makefile("rb") as stream:
        head, _, body = stream.read().partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in headers), body


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.process.terminate()
    assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.log.read_text()


def request(line, *headers, body=b""):
    return b"\r\n".join([line, b"Host: localhost", *headers, b"", body])


POST = b"POST " + PATH + b" HTTP/1.1"
LOGGED = PATH.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("sent", "status", "code", "message", "logged"),
    [
        (
            request(POST, b"X-Long: " + b"a" * 9000),
            431, "PAYLOAD_TOO_LARGE", "The headers are too large: at most 64, of 8 KiB each, and 64 KiB in all.",
            ("POST", LOGGED),
        ),
        (
            request(POST, *[b"X-Number-%d: a" % number for number in range(70)]),
            431, "PAYLOAD_TOO_LARGE", "The headers are too large: at most 64, of 8 KiB each, and 64 KiB in all.",
            ("POST", LOGGED),
        ),
        (
            request(POST, *[b"X-Number-%d: %s" % (number, b"a" * 8000) for number in range(30)]),
            431, "PAYLOAD_TOO_LARGE", "The headers are too large: at most 64, of 8 KiB each, and 64 KiB in all.",
            ("POST", LOGGED),
        ),
        (
            request(b"POST " + PATH + b"?" + b"a" * 5000 + b" HTTP/1.1"),
            414, "PAYLOAD_TOO_LARGE", "The request line is longer than 4094 bytes.",
            ("POST", LOGGED),
        ),
        (
            request(POST, b"Content-Length: 2", b"Content-Length: 2", body=b"{}"),
            400, "VALIDATION_ERROR", "Content-Length is given twice, or does not tell where the body ends.",
            ("POST", LOGGED),
        ),
        (
            request(POST, b"Host: other"),
            400, "VALIDATION_ERROR", "Host is given twice.",
            ("POST", LOGGED),
        ),
        (
            request(b"post " + PATH + b"?key=sk_live_secret HTTP/1.1"),
            400, "VALIDATION_ERROR", "The request's method is not one in capital letters, like POST.",
            ("post", LOGGED),
        ),
        (
            request(b"POST " + PATH + b"/\xff HTTP/1.1"),
            400, "VALIDATION_ERROR", "The request line is not METHOD, a percent-encoded path, and HTTP/1.1.",
            ("POST", LOGGED + "/%FF"),
        ),
        (
            request(POST, b"sk_live_secret"),
            400, "VALIDATION_ERROR", "The request's headers are not those of HTTP/1.1.",
            ("POST", LOGGED),
        ),
        (
            b"POST " + PATH + b" HTTP/1.1\nHost: localhost\n\n",
            400, "VALIDATION_ERROR", "The request line is not METHOD, a percent-encoded path, and HTTP/1.1.",
            ("POST", LOGGED),
        ),
        (
            request(b"get /healthz HTTP/1.1"),
            400, "VALIDATION_ERROR", "The request's method is not one in capital letters, like POST.",
            None,
        ),
        (
            b"\x16\x03\x01\x02\x00\n",
            400, "VALIDATION_ERROR", "The request line is not METHOD, a percent-encoded path, and HTTP/1.1.",
            None,
        ),
    ],
)  # fmt: skip
def test_what_breaks_the_protocol_is_answered_and_logged_as_any_refusal(
    server, acme, globex, sent, status, code, message, logged
):
    answered, headers, body = server.ask(sent)

    assert (answered, json.loads(body)) == (status, {"error": {"code": code, "message": message}})
    assert (headers["Content-Type"], headers["Content-Length"]) == ("application/json", str(len(body)))
    request_id = headers["X-Request-ID"]
    assert sum(f"Request {uuid.UUID(request_id)} from" in line for line in server.log.read_text().splitlines()) == 1
    assert "sk_live_secret" not in server.log.read_text()
    rows = RequestLog.objects.every_tenant(reason="what is refused before the key is known belongs to no tenant")
    assert [(str(row.id), row.method, row.path, row.status, row.error_code) for row in rows] == (
        [(request_id, *logged, status, code)] if logged else []
    )


def test_half_sent_heads_and_silent_callers_keep_nobody_waiting(server):
    waiting = [server.connect(b"GET /healthz HTTP/1.1\r\nHost: local") for _ in range(8)]
    waiting += [server.connect(b"") for _ in range(8)]

    assert server.ask(HEALTHY)[::2] == (200, b'{"status": "ok"}')

    for caller in waiting[:8]:
        caller.sendall(b"host\r\nConnection: close\r\n\r\n")
    for caller in waiting[8:]:
        caller.sendall(HEALTHY)
    assert [answer_to(caller)[::2] for caller in waiting] == [(200, b'{"status": "ok"}')] * 16


def test_requests_that_follow_one_another_closely_are_all_answered(server):
    stay = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect(stay * 2 + HEALTHY) as caller, caller.makefile("rb") as stream:
        assert stream.read().count(b'{"status": "ok"}') == 3


@pytest.mark.django_db(transaction=True)
def test_a_body_that_arrives_byte_by_byte_is_read_to_its_end(server, acme, globex):
    body = b'{"action": "sync_activities", "activities": []}'
    key = b"Authorization: Bearer " + token_of(acme).encode()
    caller = server.connect(request(POST, b"Connection: close", key, b"Content-Length: %d" % len(body)))
    for number in range(len(body)):
        assert server.ask(HEALTHY)[0] == 200
        caller.sendall(body[number : number + 1])

    status, _headers, answer = answer_to(caller)
    assert (status, json.loads(answer)["data"]["total"]) == (200, 0)


@pytest.mark.django_db(transaction=True)
def test_a_body_of_broken_chunks_is_refused_like_any_other(server, acme, globex):
    key = b"Authorization: Bearer " + token_of(acme).encode()
    status, _headers, answer = server.ask(request(POST, key, b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n"))
    assert (status, json.loads(answer)["error"]) == (
        400,
        {
            "code": "VALIDATION_ERROR",
            "message": "Invalid body",
            "details": [{"field": "body", "message": "The body did not arrive completely."}],
        },
    )


@pytest.mark.django_db(transaction=True)
def test_broken_chunks_that_nobody_reads_get_no_second_answer(server, acme, globex):
    with server.connect(request(POST, b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n")) as caller:
        answer = caller.makefile("rb").read()
    assert (answer[:12], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 401", 1)


# What a connection sends, seen from within


@pytest.fixture
def line():
    """A caller's end and the server's."""
    ends = socket.socketpair()
    yield ends[0], Inlet(ends[1])
    for end in ends:
        end.close()


def test_a_head_is_taken_in_as_it_comes_and_left_to_the_parser(line):
    caller, inlet = line
    assert inlet.take_in_head() is False
    caller.sendall(b"POST / HTTP/1.1\r\nHost:")
    assert inlet.take_in_head() is False
    caller.sendall(b" localhost\r\n\r\nbody")
    assert inlet.take_in_head() is True
    assert inlet.line == b"POST / HTTP/1.1"
    assert inlet.take_buffered() == b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nbody"


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\n"])
def test_a_caller_who_is_gone_or_will_be_refused_is_not_waited_for(line, sent):
    caller, inlet = line
    caller.sendall(sent)
    if not sent.endswith(b"\n"):
        caller.shutdown(socket.SHUT_WR)
    assert inlet.take_in_head() is True


def test_a_head_has_an_end_in_length_and_in_time(line, monkeypatch):
    caller, inlet = line
    caller.sendall(b"GET / HTTP/1.1\r\nX: ")
    monkeypatch.setattr(worker, "HEAD_TIME", -1)
    with pytest.raises(TimeoutError):
        inlet.take_in_head()

    caller.sendall(b"a" * worker.LONGEST_HEAD)
    with pytest.raises(Unreadable) as refusal:
        inlet.take_in_head()
    assert isinstance(refusal.value.__cause__, LimitRequestHeaders)


def test_a_body_that_falls_silent_is_given_up(line, monkeypatch):
    caller, inlet = line
    caller.sendall(b"{")
    assert inlet.chunk() == b"{"
    monkeypatch.setattr(worker, "LONGEST_SILENCE", 0.01)
    with pytest.raises(TimeoutError):
        inlet.chunk()
