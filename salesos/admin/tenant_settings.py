"""A tenant's own settings: its name, clock and language."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from salesos.admin.acting import DashboardRequest
from salesos.admin.screens import Screen
from salesos.admin.site import site
from salesos.models import Tenant
from salesos.roles import ADMINS, AUDITORS


class TenantSettingsForm(forms.ModelForm):
    class Meta:
        model = Tenant
        fields = ("name", "time_zone", "language")
        widgets = {
            "name": UnfoldAdminTextInputWidget,
            "time_zone": UnfoldAdminTextInputWidget,
            "language": UnfoldAdminSelectWidget,
        }
        help_texts = {
            "time_zone": _("Where your days begin. A change counts from now on: what is recorded keeps its day."),
        }


class TenantSettings(Screen):
    """Of the tenant the user acts in; in a sandbox, of the sandbox."""

    name = "tenant_settings"
    title = _("Tenant")
    template_name = "salesos/tenant_settings.html"
    may_view, may_post = AUDITORS, ADMINS

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page(form=TenantSettingsForm(instance=request.tenant))

    def post(self, request: DashboardRequest) -> HttpResponse:
        # A row of its own: an invalid form must not change the tenant that the frame around it shows.
        form = TenantSettingsForm(request.POST, instance=Tenant.objects.get(pk=request.tenant.pk))
        if not form.is_valid():
            return self.page(form=form)
        form.save()
        messages.success(request, _("Saved."))
        return self.back()


site.add_screen("settings/tenant/", TenantSettings)
