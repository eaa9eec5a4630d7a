"""The keys with which CRMs call the API. What is secret of them is not here: only a bcrypt hash."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesos.client_address import validate_network
from salesos.scopes import Scope
from salesos.tenancy import Tenanted

DEFAULT_HOURLY_LIMIT = 1000
LONGEST_LIFE = timedelta(days=36_525)
"""Further ahead lies the end of the calendar, which no other time zone can show."""


class ApiKey(Tenanted):
    """One key of one tenant; a sandbox's are the `sk_test_` ones. Revoked, never deleted: the log names it."""

    key_id = models.CharField(_("key id"), max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=60, editable=False)
    name = models.CharField(_("name"), max_length=120)
    scopes = ArrayField(
        models.CharField(max_length=40, choices=Scope.choices),
        default=list,
        verbose_name=_("scopes"),
        blank=True,
        help_text=_("A key without scopes may do nothing."),
    )
    allowlist = ArrayField(
        models.CharField(max_length=49, validators=[validate_network]),
        default=list,
        blank=True,
        verbose_name=_("IP allowlist"),
        help_text=_("IPv4 or IPv6 addresses or networks. Empty: any address."),
    )
    hourly_limit = models.PositiveIntegerField(
        _("requests per hour"), default=DEFAULT_HOURLY_LIMIT, validators=[MinValueValidator(1)]
    )
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        "salesos.User", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    replaces = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, db_constraint=False, related_name="+"
    )
    created_by = models.ForeignKey(
        "salesos.User",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    last_used_from = models.GenericIPAddressField(_("last used from"), null=True, editable=False)

    class Meta:
        ordering = ("-created_at", "-pk")
        default_manager_name = "objects"
        indexes = (models.Index(fields=["tenant", "-created_at"], name="api_key_by_age"),)
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

    def clean(self) -> None:
        if self.expires_at is not None and self.expires_at > timezone.now() + LONGEST_LIFE:
            message = _("A key may expire at most 100 years ahead; leave it empty for one that never does.")
            raise ValidationError({"expires_at": message})

    def is_usable(self, *, at: datetime) -> bool:
        """Neither revoked nor expired at `at`; reads no other table."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
