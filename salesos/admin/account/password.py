"""Changing one's password, which ends every other session."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from salesos import mailing, sessions
from salesos.admin.account.forms import PasswordTwiceForm, password_field
from salesos.admin.account.screens import OwnScreen
from salesos.admin.acting import DashboardRequest
from salesos.admin.login_limit import has_failed_too_often, note_failure, too_many_attempts
from salesos.admin.site import site
from salesos.models import User
from salesos.request_log import entry_of
from salesos.user_trail import record_of_user


class ChangePasswordForm(PasswordTwiceForm):
    password = password_field(_("Present password"), "current-password", autofocus=True)
    field_order = ("password", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].widget.attrs.pop("autofocus", None)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That is not your password."))
        return password


@transaction.atomic
def change_password(request: DashboardRequest, user: User, password: str) -> int:
    """Set it, keep the session of `request` and end all others; how many those were."""
    # Before: with the password every session's claim to be of this user is void.
    count = sessions.end_others(user, but=request.session.session_key)
    old_key = request.session.session_key
    user.set_password(password)
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
    sessions.rename(old_key, request.session.session_key)
    record_of_user(user, "user.password_changed", address=entry_of(request).address)
    mailing.send("password_changed", mailing.write("password_changed", user))
    return count


class ChangePassword(OwnScreen):
    name = "account_password"
    title = _("Change password")
    template_name = "account/password_change.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        return self.page(form=ChangePasswordForm(user=request.user))

    def post(self, request: DashboardRequest) -> HttpResponse:
        if has_failed_too_often(request, request.user.email):
            return too_many_attempts(request)
        form = ChangePasswordForm(request.POST, user=request.user)
        if form.is_valid():
            change_password(request, request.user, form.cleaned_data["password1"])
            messages.success(request, _("Your password is changed. Wherever else you were signed in, you are not now."))
            return self.back("account")
        if "password" in form.errors:
            note_failure(request, request.user.email)
        return self.page(form=form)


site.add_screen("account/password/", ChangePassword)
