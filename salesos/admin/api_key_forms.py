"""The forms of the API key screens."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from salesos.admin.base import TenantForm
from salesos.admin.widgets import LocalDateTimeInput
from salesos.client_address import validate_network, written_network
from salesos.models import ApiKey, Tenant
from salesos.models.api_key import DEFAULT_HOURLY_LIMIT
from salesos.scopes import Scope

SCOPES_IN_WORDS = {
    Scope.DEFAULT_SYNC: _(
        "Adds and updates collaborators, and records what they did. It can't read points, change missions or see keys."
    ),
    Scope.LEADS_READ: _(
        "Sees all leads and deals with their personal data, and the team with its addresses. It changes nothing."
    ),
    Scope.LEADS_WRITE: _(
        "Creates, changes, converts and deletes leads and deals, which also moves the points of their owners."
    ),
    Scope.LEADERBOARD_READ: _("Sees who has how many points, by name. It changes nothing."),
}
"""What each scope allows, for somebody who has never read the API's reference."""

MOST_NETWORKS = 200
MOST_AN_HOUR = 2_000_000_000


class NetworksField(forms.CharField):
    """Addresses and networks, one a line; a list of them in their one written form, each once."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "203.0.113.7\n2001:db8::/32"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> list[str]:
        lines = super().clean(value).replace(",", " ").split()
        if len(lines) > MOST_NETWORKS:
            raise ValidationError(_("At most %(most)d networks."), params={"most": MOST_NETWORKS})
        return list(dict.fromkeys(self._written(lines)))

    def _written(self, lines: Iterable[str]) -> Iterable[str]:
        for line in lines:
            validate_network(line)
            yield written_network(line)


def _choices(form: forms.Form, name: str) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields[name])


class _KeyFields(forms.Form):
    """What the forms for new and for existing keys ask alike."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope.value, scope) for scope in Scope],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What the key may do. A key without scopes may do nothing."),
    )
    allowlist = NetworksField(
        label=_("IP allowlist"),
        required=False,
        help_text=_("IPv4 or IPv6 addresses or networks, one a line. Empty: any address."),
    )
    hourly_limit = forms.IntegerField(
        label=_("Requests per hour"),
        min_value=1,
        max_value=MOST_AN_HOUR,
        initial=DEFAULT_HOURLY_LIMIT,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    expires_at = forms.DateTimeField(
        label=_("Expires at"),
        required=False,
        widget=LocalDateTimeInput,
        help_text=_("In your tenant's time zone. Empty: never."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "scopes").choices = [
            (scope.value, f"{scope.value}: {scope.label}. {SCOPES_IN_WORDS[scope]}") for scope in Scope
        ]


class NewKeyForm(_KeyFields):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Where the key will be used, like “CRM production”."),
    )
    kind = forms.ChoiceField(label=_("Kind"), widget=UnfoldAdminRadioSelectWidget)
    expiry = forms.ChoiceField(
        label=_("Expires"),
        choices=[
            ("", _("Never")),
            ("30", _("In 30 days")),
            ("90", _("In 90 days")),
            ("365", _("In a year")),
            ("at", _("At the moment below")),
        ],
        required=False,
        widget=UnfoldAdminRadioSelectWidget,
    )

    field_order = ("name", "kind", "scopes", "allowlist", "hourly_limit", "expiry", "expires_at")

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        test = ("test", _("Test (sk_test_): acts in the sandbox, nothing of it is ever visible live"))
        live = ("live", _("Live (sk_live_): acts in %(tenant)s") % {"tenant": tenant.name})
        kind = _choices(self, "kind")
        kind.choices = [test] if tenant.is_sandbox else [live, test]
        kind.initial = "test" if tenant.is_sandbox else "live"
        self.fields["scopes"].initial = [Scope.DEFAULT_SYNC.value]
        self.fields["expires_at"].help_text = _("In your tenant's time zone; for “At the moment below”.")

    def clean_expires_at(self) -> Any:
        expires_at, expiry = self.cleaned_data["expires_at"], self.cleaned_data.get("expiry", "")
        if expires_at is None and expiry == "at":
            raise ValidationError(_("At which moment?"))
        if expires_at is not None and expiry.isdecimal():
            raise ValidationError(_("Either this moment or the choice above: leave one of them empty."))
        if expires_at is not None and expires_at <= timezone.now():
            raise ValidationError(_("A moment in the future, please."))
        return timezone.now() + timedelta(days=int(expiry)) if expiry.isdecimal() else expires_at


class ChangeKeyForm(_KeyFields, TenantForm):
    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "allowlist", "hourly_limit", "expires_at")


class RotateKeyForm(forms.Form):
    overlap = forms.TypedChoiceField(
        label=_("Both keys work for"),
        coerce=int,
        choices=[(0, _("no time: the old one ends now")), (1, _("1 hour")), (24, _("24 hours")), (168, _("7 days"))],
        initial=24,
        widget=UnfoldAdminSelectWidget,
    )
