"""My account: name and language, and the way to the rest."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from salesos import second_factor
from salesos.admin.account.screens import OwnScreen
from salesos.admin.acting import DashboardRequest
from salesos.admin.site import site
from salesos.models import User
from salesos.sessions import sessions_of


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("name", "language")
        widgets = {
            "name": UnfoldAdminTextInputWidget(attrs={"autocomplete": "name"}),
            "language": UnfoldAdminSelectWidget,
        }
        help_texts = {"name": _("How colleagues see you here."), "language": ""}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # handed on as they came
        choices = [("", _("As my company has it")), *settings.LANGUAGES]
        self.fields["language"].choices = choices  # type: ignore[attr-defined] # a field of choices


class Account(OwnScreen):
    name = "account"
    title = _("My account")
    template_name = "account/account.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self._page(ProfileForm(instance=request.user))

    def post(self, request: DashboardRequest) -> HttpResponse:
        # A row of its own: an invalid form must not change the name that the frame around it shows.
        form = ProfileForm(request.POST, instance=User.objects.get(pk=request.user.pk))
        if not form.is_valid():
            return self._page(form)
        user = form.save()
        with translation.override(user.language or translation.get_language()):
            messages.success(request, str(_("Saved.")))
        return self.back()

    def _page(self, form: ProfileForm) -> HttpResponse:
        user = self.request.user
        return self.page(
            form=form,
            has_second_factor=second_factor.is_on(user),
            sessions_count=len(sessions_of(user, self.request)),
        )


site.add_screen("account/", Account)
