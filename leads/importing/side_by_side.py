"""Several chunks at once: two write while the next one is read."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from salesos.tenancy import current_tenant, tenant_context

Chunk = TypeVar("Chunk")


class SideBySide(Generic[Chunk]):
    """Calls `do` with one chunk after the other, `at_once` side by side, each in a thread with a connection of its own,
    in the tenant of now. Use as a context manager; inside a transaction, which threads do not share, one by one.
    """

    def __init__(self, do: Callable[[Chunk], None], *, at_once: int = 2) -> None:
        self._do, self._at_once, self._tenant = do, at_once, current_tenant()
        self._under_way: deque[tuple[Chunk, Future[None]]] = deque()
        self._connections: list[BaseDatabaseWrapper] = []

    def __enter__(self) -> "SideBySide[Chunk]":
        self._threads = ThreadPoolExecutor(self._at_once, "import", self._begin_thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        for each in self._connections:
            each.close()

    def done(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Each chunk once it is done, in their order, read while those before are written."""
        if connection.in_atomic_block:
            for chunk in chunks:
                self._do(chunk)
                yield chunk
            return
        for chunk in chunks:
            self._under_way.append((chunk, self._threads.submit(self._in_tenant, chunk)))
            # One more waits already, so that no thread ever does.
            while len(self._under_way) > self._at_once:
                yield self._next()
        while self._under_way:
            yield self._next()

    def stop(self) -> Iterator[Chunk]:
        """Begin no further chunk; those that are done in spite of it, in their order."""
        self._threads.shutdown(cancel_futures=True)
        for chunk, future in self._under_way:
            if not future.cancelled() and future.exception() is None:
                yield chunk
        self._under_way.clear()

    def _begin_thread(self) -> None:
        # Kept for all its chunks, and closed by whoever ends the thread.
        connections[DEFAULT_DB_ALIAS].inc_thread_sharing()
        self._connections.append(connections[DEFAULT_DB_ALIAS])

    def _next(self) -> Chunk:
        chunk, future = self._under_way[0]
        future.result()
        self._under_way.popleft()
        return chunk

    def _in_tenant(self, chunk: Chunk) -> None:
        with tenant_context(self._tenant):
            self._do(chunk)
