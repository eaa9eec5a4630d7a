"""Answers that are given again when a caller repeats a request because it never saw the first one."""

from django.db import models

from salesos.tenancy import Tenanted


class StoredAnswer(Tenanted):
    """The first answer to an `Idempotency-Key` of a tenant, written in the transaction of what it tells of.

    The row is inserted before the work: its unique constraint makes a second request with the key wait for the first
    one's transaction. `status` is empty only inside that transaction. See `salesos.api.idempotency`.
    """

    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    """SHA-256 of method, path and body: the key belongs to this request and no other."""
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    headers: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    action = models.CharField(max_length=40, default="")
    """What the request log calls it."""

    class Meta:
        default_manager_name = "objects"
        constraints = (models.UniqueConstraint(fields=["tenant", "key"], name="stored_answer_key_unique"),)
        indexes = (models.Index(fields=["tenant", "at"], name="stored_answer_by_age"),)

    def __str__(self) -> str:
        return f"{self.key} at {self.at}"
