"""A company that uses SalesOS, and its sandbox."""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("Unknown time zone “%(name)s”, expected one like America/Sao_Paulo."), params={"name": name}
        )


class Tenant(models.Model):
    """A company. Its sandbox is a tenant of its own, where `sk_test_` keys act; nothing joins the two."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    sandbox_of = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="sandbox", editable=False
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("An inactive tenant's API keys are refused.")
    )
    requires_second_factor = models.BooleanField(
        _("admins need a second factor"),
        default=False,
        help_text=_("Who is an admin here sets up an authenticator app before they can do anything else."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def is_sandbox(self) -> bool:
        return self.sandbox_of_id is not None

    def local(self, moment: datetime) -> datetime:
        """`moment` (aware) on the tenant's clock."""
        return moment.astimezone(self.zone)
