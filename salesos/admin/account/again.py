"""The screen that asks once more who somebody is; `salesos.admin.reauthentication` leads to it."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from salesos import second_factor
from salesos.admin.account.forms import code_field, password_field
from salesos.admin.account.screens import OwnScreen, next_address
from salesos.admin.acting import DashboardRequest
from salesos.admin.login_limit import (
    has_failed_codes_too_often,
    has_failed_too_often,
    note_failed_code,
    note_failure,
    too_many_attempts,
)
from salesos.admin.site import site
from salesos.models import User
from salesos.sessions import note_proof


class ProofForm(forms.Form):
    """The password; of somebody with a second factor the code, which whoever took over a session has not."""

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # handed on as they came
        self.user = user
        self.wants_code = second_factor.is_on(user)
        if self.wants_code:
            self.fields["code"] = code_field(_("Code from your app, or a recovery code"), autofocus=True)
        else:
            self.fields["password"] = password_field(_("Password"), "current-password", autofocus=True)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not second_factor.accepts(self.user, code):
            raise forms.ValidationError(_("That code is wrong, over, or was used already. Wait for the next one."))
        return code

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That is not your password."))
        return password


class SignInAgain(OwnScreen):
    name = "sign_in_again"
    title = _("Is it still you?")
    template_name = "account/sign_in_again.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page(form=ProofForm(user=request.user), next=next_address(request))

    def post(self, request: DashboardRequest) -> HttpResponse:
        user = request.user
        if has_failed_too_often(request, user.email) or has_failed_codes_too_often(request, user):
            return too_many_attempts(request)
        form = ProofForm(request.POST, user=user)
        if form.is_valid():
            note_proof(None, request)
            return self.onwards("index")
        note_failure(request, user.email)
        if form.wants_code:
            note_failed_code(request, user)
        return self.page(form=form, next=next_address(request))


site.add_screen("account/again/", SignInAgain)
