"""The forms before one is signed in. What they say about a person is the same whether that person exists or not."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from salesos.models import User
from salesos.password_links import user_of_link

LONGEST_PASSWORD = 4096


def email_field(**attrs: Any) -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "username", **attrs}),
    )


def password_field(label: Any, autocomplete: str, **attrs: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": autocomplete, **attrs})
    return forms.CharField(label=label, strip=False, max_length=LONGEST_PASSWORD, widget=widget)


def code_field(label: Any, **attrs: Any) -> forms.CharField:
    shown = {"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", **attrs}
    return forms.CharField(label=label, max_length=64, widget=UnfoldAdminTextInputWidget(attrs=shown))


class SignInForm(LoginForm):
    """Allauth's, with our fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {
            "login": email_field(autofocus=True),
            "password": password_field(_("Password"), "current-password"),
        }

    def _clean_with_password(self, credentials: dict[str, Any]) -> Any:
        try:
            return super()._clean_with_password(credentials)
        except ValidationError:
            raise ValidationError(_("This e-mail and password don't belong together.")) from None


class CodeForm(forms.Form):
    code = code_field(_("Code"), autofocus=True)


class ForgottenForm(forms.Form):
    email = email_field(autofocus=True)


class LinkForm(forms.Form):
    """Reads a link's two parts; allauth asks it whose link that is."""

    uidb36 = forms.CharField()
    key = forms.CharField()
    reset_user: User | None = None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        self.reset_user = user_of_link(given.get("uidb36", ""), given.get("key", ""))
        if self.reset_user is None:
            raise ValidationError("This link is over.")
        return given


class PasswordTwiceForm(forms.Form):
    """A new password for `user`, typed twice."""

    password1 = password_field(_("New password"), "new-password", autofocus=True)
    password2 = password_field(_("New password, once more"), "new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password1"].help_text = password_validators_help_text_html()

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("password1") and given.get("password2") and given["password1"] != given["password2"]:
            self.add_error("password2", _("The two are not the same."))
        return given


class NewPasswordForm(PasswordTwiceForm):
    """As allauth makes it, for the user of a link."""

    def __init__(self, *args: Any, temp_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
