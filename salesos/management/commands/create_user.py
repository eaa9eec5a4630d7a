"""`manage.py create_user`: let somebody sign in to a tenant's dashboard."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from salesos import audit
from salesos.management.refusals import refusals_as_errors
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.models import Membership, User
from salesos.models.user import normal_email
from salesos.roles import Role
from salesos.tenants import create_user


class Command(BaseCommand):
    help = (
        "Make a user with a role in a tenant, which covers its sandbox. Asks for the password on a terminal. Somebody "
        "who is a user already only gets the role, also in place of another one, and keeps the password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the address that they sign in with")
        add_tenant_argument(parser)
        parser.add_argument("--role", required=True, choices=Role.values, help="what they may do there")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of standard input"
        )

    def handle(self, *, email: str, tenant: str, role: str, password_stdin: bool, **options: Any) -> None:
        home = tenant_named(tenant)
        is_known = User.objects.filter(email=normal_email(email)).exists()
        password = None
        if password_stdin:
            password = _piped_password()
        elif not is_known:
            password = _asked_password()
        if password is not None and not is_known:
            _refuse_weak(password, email)
        with refusals_as_errors(), transaction.atomic():
            before = Membership.objects.filter(user__email=normal_email(email), tenant=home.sandbox_of or home).first()
            user = create_user(email, tenant=home, role=Role(role), password=password)
            _note(user, before, Membership.objects.get(user=user, tenant=home.sandbox_of or home), is_new=not is_known)
        done = "has the role" if is_known else "created with the role"
        self.stdout.write(f"User {user.email} {done} {role} in {tenant}.")


def _note(user: User, before: Membership | None, after: Membership, *, is_new: bool) -> None:
    if is_new:
        audit.record_for(user, "user.created")
    if before is None:
        audit.record_for(after, "membership.created", changes={"role": ("", after.role)})
    elif before.role != after.role:
        audit.record_for(after, "membership.changed", changes=audit.changed(before, after, "role"))


def _piped_password() -> str:
    try:
        password = sys.stdin.readline().rstrip("\r\n")
        password.encode()
    except UnicodeError:
        raise CommandError("The password is not UTF-8.") from None
    if "\0" in password:
        raise CommandError("The password must not contain NUL characters.")
    return password


def _asked_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("No password: pipe it in with --password-stdin, or run the command on a terminal.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password (again): ") != password:
        raise CommandError("The passwords differ; nothing was changed.")
    return password


def _refuse_weak(password: str, email: str) -> None:
    try:
        validate_password(password, User(email=normal_email(email)))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
