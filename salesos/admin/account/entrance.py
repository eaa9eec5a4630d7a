"""Signing in: e-mail and password, then the code of whoever has a second factor. Allauth leads from one to the next."""

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.views import LoginView
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.generic.edit import FormView

from salesos import second_factor
from salesos.admin.account.forms import CodeForm, SignInForm
from salesos.admin.login_limit import (
    has_failed_codes_too_often,
    has_failed_too_often,
    note_failed_code,
    note_failure,
    too_many_attempts,
    too_many_codes,
)
from salesos.admin.site import site
from salesos.models import User

PASSWORD_GIVEN = "account_password_given"  # noqa: S105 - the name of a place in the session
"""Between the two steps: which password the first one was."""


class Entrance:
    """What every page before the sign-in shows around its form."""

    title = ""
    request: HttpRequest

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        frame = site.each_context(self.request)
        return {**frame, "title": self.title, **super().get_context_data(**context)}  # type: ignore[misc]


class SignIn(Entrance, LoginView):
    form_class = SignInForm

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_failed_too_often(request, request.POST.get("login", "")):
            return too_many_attempts(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.session[PASSWORD_GIVEN] = form.user.get_session_auth_hash()
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        note_failure(self.request, self.request.POST.get("login", ""))
        return super().form_invalid(form)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "title": _("Sign in")}


@method_decorator(login_stage_required(AuthenticateStage.key, "account_login"), name="dispatch")
class SecondStep(Entrance, FormView):
    """The password was right. Whoever knows it has few tries: they count by account, from wherever they come; changing
    the password begins anew, so the owner always has a way in."""

    form_class = CodeForm
    template_name = "mfa/authenticate.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.stage: AuthenticateStage = request._login_stage  # type: ignore[attr-defined] # set by the decorator
        user = self.stage.login.user
        if "cancel" in request.POST or not isinstance(user, User) or not self._is_still_good(user):
            request.session.pop(PASSWORD_GIVEN, None)
            answer: HttpResponseBase = self.stage.abort()
            return answer
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    def _is_still_good(self, user: User) -> bool:
        given = self.request.session.get(PASSWORD_GIVEN, "")
        return user.is_active and constant_time_compare(given, user.get_session_auth_hash())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_failed_too_often(request, self.user.email):
            return too_many_attempts(request)
        if has_failed_codes_too_often(request, self.user):
            return too_many_codes(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        if not second_factor.accepts(self.user, form.cleaned_data["code"]):
            form.add_error("code", _("That code is wrong, over, or was used already. Wait for the next one."))
            return self.form_invalid(form)
        self.request.session.pop(PASSWORD_GIVEN, None)
        answer: HttpResponse = self.stage.exit()
        return answer

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        note_failure(self.request, self.user.email)
        note_failed_code(self.request, self.user)
        return super().form_invalid(form)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "title": _("Second step")}
