"""The server's worker process: gunicorn's threads, which here wait for nothing that a caller may never send.

A thread takes up a request when its head is there; until then the connection waits beside all others in the poller.
Bodies are waited for, each part of them `LONGEST_SILENCE`: a proxy that buffers requests spares the threads even that.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from django.utils.module_loading import import_string
from gunicorn.http.body import Body
from gunicorn.http.errors import LimitRequestHeaders, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

READ_AT_ONCE = 64 * 1024
"""Bytes; a batch of a thousand activities is some 200 KB."""
LONGEST_HEAD = 64 * 1024
HEAD_TIME = 30.0
"""Seconds in which a head has to be complete, however steadily it trickles in; silence ends it earlier (keepalive)."""
LONGEST_SILENCE = 30.0
"""Seconds without a byte after which a body is given up."""
LINGER = 0.5
"""Seconds that an answered caller has to take its answer and close."""

HEAD_END = b"\r\n\r\n"


class Unreadable(Exception):
    """A head that breaks the protocol, with what of it could be read; `__cause__` is gunicorn's reason."""

    def __init__(self, line: bytes, headers: list[tuple[str, str]]) -> None:
        super().__init__()
        self.line = line
        self.headers = headers


class Inlet(SocketUnreader):
    """What a connection sends: heads are collected without waiting, bodies are waited for within bounds."""

    line = b""
    """The request line of the last head, as far as it is known."""
    head_ends: float | None = None

    def take_in_head(self) -> bool:
        """Read what is there. Returns whether the parser can say, without waiting, what it is (a head, or nonsense).

        Raises `Unreadable` when it is too long, and `TimeoutError` when it takes too long.
        """
        self.head_ends = self.head_ends or time.monotonic() + HEAD_TIME
        head = self.take_buffered()
        is_closed = False
        while not (is_closed or _is_decided(head) or len(head) > LONGEST_HEAD):
            try:
                read = self.sock.recv(self.mxchunk, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            head += read
            is_closed = not read
        self.unread(head)
        self.line = head.lstrip(b"\r\n").partition(b"\r\n")[0]
        if is_closed or _is_decided(head):
            self.head_ends = None
            return True
        if len(head) > LONGEST_HEAD:
            raise Unreadable(self.line, []) from LimitRequestHeaders("head too long")
        if time.monotonic() > self.head_ends:
            raise TimeoutError
        return False

    def chunk(self, size_hint: int | None = None) -> bytes:
        # Gunicorn's own bound, while it clears away a body that nobody wanted, is shorter.
        if self.sock.gettimeout() is not None:
            return bytes(super().chunk(size_hint))
        self.sock.settimeout(LONGEST_SILENCE)
        try:
            return bytes(super().chunk(size_hint))
        finally:
            self.sock.settimeout(None)


def _is_decided(head: bytes) -> bool:
    # The parser refuses a line that ends with LF alone as soon as it sees it.
    return HEAD_END in head or head.count(b"\n") != head.count(b"\r\n")


class SalesOSBody(Body):
    """A body whose nonsense (chunks that are none) is what a broken connection is to the application: an `OSError`."""

    def _read_reader(self, size: int) -> bytes:
        try:
            return bytes(super()._read_reader(size))
        except ParseException as error:
            raise OSError(str(error)) from error


class SalesOSRequest(Request):
    """Gunicorn's request; when it is refused, what was read of it is told along."""

    def __init__(self, cfg: Any, unreader: Inlet, *arguments: Any) -> None:
        try:
            super().__init__(cfg, unreader, *arguments)
        except ParseException as error:
            raise Unreadable(unreader.line, self.headers) from error
        self.body: Body = SalesOSBody(self.body.reader)


class SalesOSWorker(ThreadWorker):
    """Answers what breaks the protocol as the API answers, and keeps its threads for requests that are there."""

    def handle(self, conn: TConn) -> object:
        try:
            if not conn.initialized:
                conn.init()
                conn.parser.unreader = Inlet(conn.sock, READ_AT_ONCE)
                conn.parser.mesg_class = SalesOSRequest
            if not conn.parser.unreader.take_in_head():
                # To the poller, until more arrives; a stopping server doesn't wait for it.
                return _DEFER if self.alive else False
        except Unreadable as error:
            self.handle_error(None, conn.sock, conn.client, error)
            is_kept: object = False
        except OSError:
            return self._hang_up(conn)
        else:
            is_kept = super().handle(conn)
        if not is_kept:
            self._see_off(conn)
        return is_kept

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: Exception) -> None:
        """Answer a request that never reached the application, or whose answer failed, in the API's envelope.

        What it was about may be unknown, so that this holds whatever its path.
        """
        if not isinstance(exc, Unreadable):
            self.log.error("Error handling request", exc_info=exc)
        # By name: the worker's class is loaded before the application is.
        answer = import_string("salesos.api.unreadable.answer")(exc, addr)
        with suppress(OSError):
            client.sendall(answer)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except OSError:
            # It has its answer; what follows of its body is nonsense and must not get a second one.
            return False

    def _see_off(self, conn: TConn) -> None:
        """Let the caller take its answer and close first, in this thread: the poller would stand still meanwhile."""
        deadline = time.monotonic() + LINGER
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                conn.sock.settimeout(left)
                if not conn.sock.recv(65536):
                    break
        self._hang_up(conn)

    def _hang_up(self, conn: TConn) -> bool:
        # Shut down rather than closed, which the poller does: it then waits for nothing.
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_RDWR)
        return False
