"""Where allauth's ways of signing in meet ours."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from salesos import second_factor, sessions
from salesos.request_log import entry_of
from salesos.user_trail import record_of_user


class AccountAdapter(DefaultAccountAdapter):
    """Users sign in by the e-mail of their own row: allauth's addresses are not kept, and its limits are off."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        return authenticate(request, username=credentials.get("email"), password=credentials.get("password"))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    @transaction.atomic
    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        sessions.begin(request, user)
        record_of_user(user, "user.signed_in", address=entry_of(request).address)

    def is_safe_url(self, url: str) -> bool:
        """Only to where the request was made: allauth would take every host of `ALLOWED_HOSTS`."""
        request = self.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def is_ajax(self, request: HttpRequest) -> bool:
        return False  # forms are for browsers

    def get_client_ip(self, request: HttpRequest) -> str:
        return entry_of(request).address or sessions.NOWHERE


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return second_factor.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor.decrypt(encrypted_text)
