"""The screen that asks for the password again; `salesos.admin.reauthentication` leads to it."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from salesos.admin.account.screens import OwnScreen, next_address
from salesos.admin.acting import DashboardRequest
from salesos.admin.login_limit import has_failed_too_often, note_failure, too_many_attempts
from salesos.admin.site import site
from salesos.sessions import note_proof


class PasswordAgainForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class SignInAgain(OwnScreen):
    name = "sign_in_again"
    title = _("Is it still you?")
    template_name = "account/sign_in_again.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page(form=PasswordAgainForm(), next=next_address(request))

    def post(self, request: DashboardRequest) -> HttpResponse:
        if has_failed_too_often(request, request.user.email):
            return too_many_attempts(request)
        form = PasswordAgainForm(request.POST)
        if form.is_valid():
            if request.user.check_password(form.cleaned_data["password"]):
                note_proof(None, request)
                return self.onwards("index")
            form.add_error("password", _("That is not your password."))
        note_failure(request, request.user.email)
        return self.page(form=form, next=next_address(request))


site.add_screen("account/again/", SignInAgain)
