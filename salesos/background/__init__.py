"""Work behind the request: queued in the caller's transaction, done in parts by a worker, seen, cancelled and resumed.

    @work("leads.import")
    class ImportLeads(Work): ...

    with transaction.atomic():
        job = prepare("leads.import", by=user, file=content, total=len(rows))
        start(job)

The queue is Procrastinate's, in the same PostgreSQL; `manage.py work` is the worker, which `serve` keeps running.
"""

from salesos.background.jobs import Part, Work, ask_to_cancel, file_of, prepare, run, start, work

__all__ = ["Part", "Work", "ask_to_cancel", "file_of", "prepare", "run", "start", "work"]
