"""A forgotten password, or a first one: a link by e-mail, and the page that it leads to."""

from typing import Any

from allauth.account.views import PasswordResetDoneView, PasswordResetFromKeyView, PasswordResetView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from salesos import mailing, sessions
from salesos.admin.account.entrance import Entrance
from salesos.admin.account.forms import ForgottenForm
from salesos.admin.login_limit import has_asked_too_often, may_send_link, too_many_attempts
from salesos.models import User
from salesos.models.user import normal_email
from salesos.password_links import FORGOTTEN_LASTS, INVITATION_LASTS, link_path, set_password_by_link
from salesos.request_log import entry_of
from salesos.user_trail import record_of_user


def link_for(request: HttpRequest, user: User) -> str:
    """A whole address for `user` to set a password at."""
    return request.build_absolute_uri(link_path(user))


def send_link(request: HttpRequest, email: str) -> None:
    """Send the user called `email` a link. For an address that nobody has, the same work is done and thrown away."""
    user = User.objects.filter(email=email, is_active=True).first()
    written_to = user or User(pk=0, email=email, is_active=False)
    lasts = FORGOTTEN_LASTS if written_to.has_usable_password() else INVITATION_LASTS
    message = mailing.write("forgotten", written_to, link=link_for(request, written_to), lasts=lasts)
    if user is None:
        message.to = []
    if may_send_link(request, email):
        mailing.send("forgotten", message)


class Forgotten(Entrance, PasswordResetView):
    def get_form_class(self) -> type[ForgottenForm]:
        return ForgottenForm

    def form_valid(self, form: Any) -> HttpResponse:
        email = normal_email(form.cleaned_data["email"])
        if has_asked_too_often(self.request, email):
            return too_many_attempts(self.request)
        send_link(self.request, email)
        return HttpResponseRedirect(reverse("account_reset_password_done"))

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "title": _("Forgotten password")}


class LinkSent(Entrance, PasswordResetDoneView):
    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "title": _("Look into your mail box")}


@method_decorator(never_cache, name="dispatch")
class SetPassword(Entrance, PasswordResetFromKeyView):
    """Behind the link: allauth moves its token from the address into the session, so that no other page learns it."""

    reset_user: User

    def form_valid(self, form: Any) -> HttpResponse:
        had_one = self.reset_user.has_usable_password()
        if not set_password_by_link(self.reset_user, self.key, form.cleaned_data["password1"]):
            return self.render_to_response(self.get_context_data(token_fail=True))
        user = User.objects.get(pk=self.reset_user.pk)
        sessions.end_others(user)
        record_of_user(user, "user.password_reset", address=entry_of(self.request).address)
        if had_one:
            mailing.send("password_changed", mailing.write("password_changed", user))
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return HttpResponseRedirect(reverse("account_login"))

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "title": _("Set a password")}
