"""Setting up a second factor, looking after its recovery codes, and switching it off."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from salesos import mailing, second_factor
from salesos.admin.account.forms import CodeForm
from salesos.admin.account.qr import qr_path
from salesos.admin.account.screens import OwnScreen
from salesos.admin.acting import DashboardRequest
from salesos.admin.reauthentication import must_sign_in_again
from salesos.admin.site import site
from salesos.models import Tenant, User
from salesos.request_log import entry_of
from salesos.roles import Role
from salesos.user_trail import record_of_user

SECRET = "second_factor_secret"  # noqa: S105 - the name of a place in the session
"""In the session: the secret of the app that is being set up."""


def requiring(user: User) -> list[str]:
    """The names of the tenants that require a second factor of `user`."""
    homes = Tenant.objects.filter(memberships__user=user, memberships__role=Role.ADMIN, requires_second_factor=True)
    return list(homes.values_list("name", flat=True))


class SecondFactor(OwnScreen):
    """Off: the way to switch it on. On: what is left of the recovery codes, and the way to switch it off."""

    name = "second_factor"
    title = _("Second factor")

    def get(self, request: DashboardRequest) -> HttpResponse:
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        if second_factor.is_on(request.user):
            return self._shows_it_is_on()
        # The same secret as long as it takes, so that a page that was loaded again goes with the app.
        secret = request.session.setdefault(SECRET, generate_totp_secret())
        return self._set_up(CodeForm(), secret)

    def post(self, request: DashboardRequest) -> HttpResponse:
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        if request.POST.get("do") == "off":
            return self._switch_off(request)
        if second_factor.is_on(request.user) or SECRET not in request.session:
            return self.get(request)
        return self._switch_on(request)

    def _switch_on(self, request: DashboardRequest) -> HttpResponse:
        secret = request.session[SECRET]
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._set_up(form, secret)
        with transaction.atomic():
            is_on = second_factor.switch_on(request.user, secret, form.cleaned_data["code"])
            if is_on:
                self._record("user.second_factor_on")
        if not is_on:
            form.add_error(
                "code", _("That is not the code that your app should show now. Is your telephone's clock right?")
            )
            return self._set_up(form, secret)
        del request.session[SECRET]
        messages.success(request, _("Your second factor is on."))
        return self.back("recovery_codes")

    def _switch_off(self, request: DashboardRequest) -> HttpResponse:
        with transaction.atomic():
            if second_factor.switch_off(request.user):
                self._record("user.second_factor_off")
                mailing.send("second_factor_off", mailing.write("second_factor_off", request.user))
                messages.success(request, _("Your second factor is off."))
        return self.back()

    def _record(self, action: str) -> None:
        record_of_user(self.request.user, action, address=entry_of(self.request).address)

    def _shows_it_is_on(self) -> HttpResponse:
        user = self.request.user
        return self.page(
            template_name="mfa/index.html",
            codes_count=second_factor.unused_codes_count(user),
            required_by=requiring(user),
        )

    def _set_up(self, form: CodeForm, secret: str) -> HttpResponse:
        user = self.request.user
        address = get_adapter().build_totp_url(user, secret)
        spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        return self.page(
            template_name="mfa/totp/activate_form.html",
            form=form,
            qr=qr_path(address),
            secret=spaced,
            is_required=self._is_required(),
        )

    def _is_required(self) -> bool:
        acting = self.request.acting
        home = acting.home if acting else None
        return bool(home and home.requires_second_factor and acting.role == Role.ADMIN)


class RecoveryCodes(OwnScreen):
    """Shown once; who lost them makes new ones."""

    name = "recovery_codes"
    title = _("Recovery codes")
    template_name = "mfa/recovery_codes/index.html"

    def get(self, request: DashboardRequest) -> HttpResponse:
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        codes = second_factor.codes_to_show(request.user)
        return self.page(
            codes=codes,
            unused_count=second_factor.unused_codes_count(request.user),
            has_second_factor=second_factor.is_on(request.user),
        )

    def post(self, request: DashboardRequest) -> HttpResponse:
        if (elsewhere := must_sign_in_again(request)) is not None:
            return elsewhere
        with transaction.atomic():
            if second_factor.renew_recovery_codes(request.user):
                address = entry_of(request).address
                record_of_user(request.user, "user.recovery_codes_renewed", address=address)
        return self.back()


site.add_screen("account/second-factor/", SecondFactor)
site.add_screen("account/recovery-codes/", RecoveryCodes)
