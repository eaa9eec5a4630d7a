"""A tenant's own settings: its name, clock and language, and what it asks of its admins."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from salesos import audit, second_factor
from salesos.admin.acting import DashboardRequest
from salesos.admin.base import form_changes
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import Tenant, User
from salesos.roles import ADMINS, AUDITORS, Role

ZONES = "time-zones"


class TenantSettingsForm(forms.ModelForm):
    class Meta:
        model = Tenant
        fields = ("name", "time_zone", "language", "requires_second_factor")
        widgets = {
            "name": UnfoldAdminTextInputWidget,
            "time_zone": UnfoldAdminTextInputWidget(
                attrs={"list": ZONES, "autocomplete": "off", "spellcheck": "false"}
            ),
            "language": UnfoldAdminSelectWidget,
            "requires_second_factor": UnfoldBooleanSwitchWidget,
        }
        help_texts = {
            "time_zone": _(
                "Where your days begin; type to search, like Sao Paulo. A change counts from now on: what is recorded "
                "keeps its day."
            ),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.instance.is_sandbox:
            # A sandbox requires what its tenant does.
            del self.fields["requires_second_factor"]
        else:
            field = self.fields["requires_second_factor"]
            field.help_text = f"{field.help_text} {self._who_has_none()}"

    def clean_requires_second_factor(self) -> bool:
        is_required: bool = self.cleaned_data["requires_second_factor"]
        if is_required and not self.initial["requires_second_factor"] and not second_factor.is_on(self.user):
            raise forms.ValidationError(
                _("Set up your own second factor first, under My account: without one this would keep you out, too.")
            )
        return is_required

    def _who_has_none(self) -> str:
        admins = list(self.instance.memberships.filter(role=Role.ADMIN).values_list("user_id", flat=True))
        if not (missing := second_factor.without(admins)):
            return gettext("All of them have one.")
        return ngettext(
            "%(missing)d of %(count)d admins has none yet, and sets one up with their next step here.",
            "%(missing)d of %(count)d admins have none yet, and set one up with their next step here.",
            missing,
        ) % {"missing": missing, "count": len(admins)}

    def clean_time_zone(self) -> str:
        """What was meant, also in another case or with spaces; the model refuses what is no zone."""
        text: str = self.cleaned_data["time_zone"].replace(" ", "_")
        return _ZONES.get(text.casefold(), text)


_ZONES = {name.casefold(): name for name in available_timezones()}


def zones() -> list[str]:
    """Zones to choose from: places, without the abbreviations that stand for several."""
    return sorted(name for name in _ZONES.values() if "/" in name and not name.startswith(("Etc/", "posix/", "right/")))


class TenantSettings(Screen):
    """Of the tenant the user acts in; in a sandbox, of the sandbox."""

    name = "tenant_settings"
    title = _("Tenant")
    template_name = "salesos/tenant_settings.html"
    may_view, may_post = AUDITORS, ADMINS

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._show(TenantSettingsForm(instance=request.tenant, user=request.user))

    def post(self, request: DashboardRequest) -> HttpResponse:
        # A row of its own: an invalid form must not change the tenant that the frame around it shows.
        tenant = Tenant.objects.get(pk=request.tenant.pk)
        form = TenantSettingsForm(request.POST, instance=tenant, user=request.user)
        if not form.is_valid():
            return self._show(form)
        with transaction.atomic():
            form.save()
            if changes := form_changes(form):
                audit.record("tenant.changed", tenant, changes=changes)
        messages.success(request, _("Saved."))
        return self.back()

    def _show(self, form: TenantSettingsForm) -> HttpResponse:
        return self.page(form=form, zones=zones(), zones_id=ZONES)


site.add_screen("settings/tenant/", TenantSettings)
