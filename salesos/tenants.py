"""Make tenants and the users who look after them."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from salesos.errors import Refused
from salesos.models.tenant import Tenant
from salesos.models.user import Membership, User, normal_email
from salesos.roles import Role


@transaction.atomic
def create_tenant(name: str, *, slug: str = "", time_zone: str = "UTC", language: str = "en") -> Tenant:
    """A tenant and its sandbox. `slug` defaults to one made of the name. Raises `Refused` with the field at fault."""
    slug = slug or slugify(name)
    tenant = Tenant(name=name.strip(), slug=slug, time_zone=time_zone, language=language)
    sandbox = Tenant(name=f"{tenant.name} (sandbox)", slug=f"{slug}-sandbox", time_zone=time_zone, language=language)
    _clean(tenant)
    _clean(sandbox)
    tenant.save()
    sandbox.sandbox_of = tenant
    sandbox.save()
    return tenant


@transaction.atomic
def create_user(email: str, *, tenant: Tenant, role: Role, password: str | None = None, name: str = "") -> User:
    """A user with a role in `tenant`; an existing user (by e-mail) only gets the role. Raises `Refused`.

    Without a password a new user can't sign in until one is set.
    """
    user = User.objects.filter(email=normal_email(email)).first()
    if user is None:
        user = User(email=normal_email(email), name=name)
        user.set_password(password)
        _clean(user)
        user.save()
    elif password is not None:
        raise Refused("user_exists", _("This e-mail has a user already; the password stays as it is."), field="email")
    Membership.objects.update_or_create(user=user, tenant=tenant.sandbox_of or tenant, defaults={"role": role})
    return user


def _clean(row: Tenant | User) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused("invalid", messages[0], field=field) from None
