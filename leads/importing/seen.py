"""Which line of a file said something first."""

import sqlite3


class Seen:
    """Texts and the line where each stood first. On disk once they are many: memory stays the same for any file."""

    def __init__(self) -> None:
        # Without a name: a file of SQLite's own, gone with the connection. Read ahead, it is used by another thread.
        self._table = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._table.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;"
            "CREATE TABLE seen (text TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID; BEGIN"
        )

    def first(self, text: str, line: int) -> int:
        """The line that had `text` first: this one, where none did."""
        if self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (text, line)).rowcount:
            return line
        (found,) = self._table.execute("SELECT line FROM seen WHERE text = ?", (text,)).fetchone()
        return int(found)
