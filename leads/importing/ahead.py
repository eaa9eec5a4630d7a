"""Read on while others write."""

import contextvars
import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def read_ahead(items: Iterable[Item], *, most: int = 2) -> Generator[Item]:
    """`items`, made in a thread of their own up to `most` before they are asked for. Whoever makes them does not touch
    the database: the thread would have a connection of its own. Ends with the generator, what it raises comes out here.
    """
    made: queue.Queue[object] = queue.Queue(maxsize=most)
    is_over = threading.Event()

    def put(item: object) -> bool:
        while not is_over.is_set():
            try:
                made.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            if all(put(item) for item in items):
                put(_END)
        except BaseException as error:
            put(_Failed(error))

    # Language, tenant and time zone are those of the caller.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(make,), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield from _taken(made)
    finally:
        is_over.set()
        thread.join()


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _taken(made: "queue.Queue[object]") -> Iterator[Item]:
    while (item := made.get()) is not _END:
        if isinstance(item, _Failed):
            raise item.error
        yield item  # type: ignore[misc]  # what was put there
