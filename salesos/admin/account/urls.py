"""The pages on the way in, under the names by which allauth knows them. What is open to whoever is signed in already
are screens of the site (`salesos.admin.account`). There is no signing up: users are invited."""

from django.urls import path, re_path

from salesos.admin.account import entrance, forgotten

urlpatterns = [
    path("login/", entrance.SignIn.as_view(), name="account_login"),
    path("login/code/", entrance.SecondStep.as_view(), name="mfa_authenticate"),
    path("password/forgotten/", forgotten.Forgotten.as_view(), name="account_reset_password"),
    path("password/forgotten/sent/", forgotten.LinkSent.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/link/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[0-9A-Za-z-]{1,200})/$",
        forgotten.SetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
]
