"""A lean load generator: one process, one loop, connections that are kept, requests made beforehand.

Connections are dealt out evenly over the server's processes: whichever process happens to wake up first takes a new
one, and with four clients that luck alone moves the figures by a third.
"""

import gc
import multiprocessing
import re
import select
import signal
import socket
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from tests.bench.servers import Server

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PROBE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_forked = multiprocessing.get_context("fork")


@dataclass
class Result:
    """What happened: a latency (seconds) for each answer, in order; `meters` is what each meter gained meanwhile."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    last_answer: bytes = b""
    seconds: float = 0.0
    client_cpu_seconds: float = 0.0
    meters: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, percent: int) -> float:
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000 if len(self.latencies) > 1 else 0.0

    def expect(self, status: int, *words: str) -> "Result":
        """Raise unless every answer had this status and the last one holds these words."""
        text = self.last_answer.decode(errors="replace")
        if set(self.statuses) != {status} or not all(word in text for word in words):
            raise RuntimeError(f"Expected {status} {words}, got {dict(self.statuses)}: {text[-500:]}")
        return self


class Load:
    """Clients at work in a process of their own; `result()` waits for their end."""

    def __init__(self, work: Callable[..., Result], *args: Any, **options: Any) -> None:
        self._answer, theirs = _forked.Pipe(duplex=False)
        self._process = _forked.Process(target=_report, args=(theirs, work, args, options), daemon=True)
        self._process.start()
        theirs.close()

    def result(self) -> Result:
        try:
            result = self._answer.recv()
        except EOFError:
            raise RuntimeError("The load generator died.") from None
        finally:
            self._process.join(5)
        if isinstance(result, str):
            raise RuntimeError(result)
        return result


def _report(pipe: Any, work: Callable[..., Result], args: tuple[Any, ...], options: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Millions of made-up activities would be walked by the collector in the middle of a measurement.
    gc.disable()
    try:
        pipe.send(work(*args, **options))
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def closed_loop(
    server: Server,
    requests: Iterable[bytes],
    *,
    clients: int,
    seconds: float | None = None,
    warm_up: Iterable[bytes] = (),
    meters: dict[str, Callable[[], float]] | None = None,
) -> Result:
    """Each client sends its next request when it has its answer, until `seconds` are over or `requests` run out."""
    connections = _dial(server, clients)
    _run_closed(connections, iter(warm_up), deadline=None)
    meters = meters or {}
    before = {name: meter() for name, meter in meters.items()}
    cpu, started = time.process_time(), time.perf_counter()
    result = _run_closed(connections, iter(requests), deadline=seconds and started + seconds)
    result.seconds = time.perf_counter() - started
    result.client_cpu_seconds = time.process_time() - cpu
    result.meters = {name: meter() - before[name] for name, meter in meters.items()}
    for connection in connections:
        connection.socket.close()
    return result


def steady(
    server: Server, requests: list[bytes], *, rate: float, clients: int, warm_up: Iterable[bytes] = ()
) -> Result:
    """`rate` requests a second whatever the server does; one that has to wait for a connection counts from its time."""
    connections = _dial(server, clients)
    _run_closed(connections, iter(warm_up), deadline=None)
    poll, by_file = _watched(connections)
    result, free, waiting = Result(), deque(connections), deque()
    started, sent = time.perf_counter(), 0
    while len(result.latencies) < len(requests):
        now = time.perf_counter()
        while sent < len(requests) and started + sent / rate <= now:
            waiting.append((requests[sent], started + sent / rate))
            sent += 1
        while waiting and free:
            request, due = waiting.popleft()
            connection = free.popleft()
            # A generator that is a little late is not the server's fault; a connection that isn't free is.
            connection.send(request, since=now if now - due < 0.002 else due)
        due = started + sent / rate if sent < len(requests) else now + 1
        for number, _event in poll.poll(max(0.0, due - time.perf_counter())):
            if by_file[number].is_answered(result):
                free.append(by_file[number])
    result.seconds = time.perf_counter() - started
    for connection in connections:
        connection.socket.close()
    return result


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._received = b""
        self._since = 0.0

    def send(self, request: bytes, *, since: float | None = None) -> None:
        self._since = since or time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self, result: Result) -> bool:
        """Read what has come; True, and noted in `result`, when it completes the answer."""
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise RuntimeError("the server closed a connection")
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or not _is_whole(head, body):
            return False
        result.latencies.append(time.perf_counter() - self._since)
        result.statuses[int(head[9:12])] += 1
        result.last_answer = body
        self._received = b""
        return True


def _is_whole(head: bytes, body: bytes) -> bool:
    length = _LENGTH.search(head)
    # Without a length it comes in chunks, the last of them empty.
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def _run_closed(connections: list[_Connection], requests: Iterator[bytes], *, deadline: float | None) -> Result:
    poll, by_file = _watched(connections)
    result, busy = Result(), 0
    for connection in connections:
        busy += _send_next(connection, requests)
    while busy:
        for number, _event in poll.poll(60):
            connection = by_file[number]
            if connection.is_answered(result):
                busy -= 1
                if deadline is None or time.perf_counter() < deadline:
                    busy += _send_next(connection, requests)
    return result


def _send_next(connection: _Connection, requests: Iterator[bytes]) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    connection.send(request)
    return True


def _watched(connections: list[_Connection]) -> tuple[select.epoll, dict[int, _Connection]]:
    poll = select.epoll()
    for connection in connections:
        poll.register(connection.socket, select.EPOLLIN)
    return poll, {connection.socket.fileno(): connection for connection in connections}


def _dial(server: Server, clients: int) -> list[_Connection]:
    """Connections, as evenly over the server's processes as their number allows."""
    workers = server.workers
    most = -(-clients // len(workers))
    kept, held = [], Counter()
    for _attempt in range(clients * 100):
        if len(kept) == clients:
            return kept
        connection = _Connection(server.port)
        connection.send(_PROBE)
        while not connection.is_answered(Result()):
            pass
        worker = _holder_of(connection, server.port, workers)
        if held[worker] < most:
            held[worker] += 1
            kept.append(connection)
        else:
            connection.socket.close()
    raise RuntimeError("The server's processes don't share the connections.")


def _holder_of(connection: _Connection, port: int, workers: list[int]) -> int:
    ours = connection.socket.getsockname()[1]
    for pid in workers:
        with suppress(psutil.NoSuchProcess):
            for each in psutil.Process(pid).net_connections("tcp"):
                if each.raddr and each.raddr.port == ours and each.laddr.port == port:
                    return pid
    raise RuntimeError("No process of the server holds the connection.")
