"""The people who sign in to the dashboard, and what they may do in which tenant."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from salesos.models.tenant import Tenant
from salesos.roles import Role


def normal_email(email: str) -> str:
    """The form in which e-mail addresses are kept and compared: trimmed, in lower case."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normal_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who signs in as `email`; without a password, one who can't sign in until it is set."""
        user = self.model(email=normal_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_platform_staff=True, **fields)


class User(AbstractBaseUser):
    """Somebody who signs in by e-mail. What they may do follows from memberships, or from being platform staff."""

    email = models.EmailField(_("e-mail"), unique=True, error_messages={"unique": _("This e-mail has a user already.")})
    name = models.CharField(_("name"), max_length=255, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_platform_staff = models.BooleanField(
        _("platform staff"), default=False, help_text=_("Sees every tenant and acts as an admin in each.")
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Empty: the language of the tenant."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        self.email = normal_email(self.email)

    def get_full_name(self) -> str:
        """The name by which Django's and unfold's templates greet the user."""
        return self.name

    @property
    def is_staff(self) -> bool:
        """Django's admin asks this at its door: whoever can sign in may enter, and sees what their role shows."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.is_platform_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Platform staff may do everything; for others the dashboard decides by role (`salesos.admin`), never here."""
        return self.is_superuser

    def has_perms(self, perm_list: Any, obj: object = None) -> bool:
        return self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active

    def role_in(self, tenant: Tenant) -> Role | None:
        """The user's role in `tenant` (for a sandbox: in the tenant it belongs to); None for strangers. One query."""
        if not self.is_active:
            return None
        if self.is_platform_staff:
            return Role.ADMIN
        home_id = tenant.sandbox_of_id or tenant.pk
        role = self.memberships.filter(tenant_id=home_id).values_list("role", flat=True).first()
        return Role(role) if role else None


class Membership(models.Model):
    """A user's role in a tenant. It covers the tenant's sandbox, too."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("tenant"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        )
        verbose_name = _("member")
        verbose_name_plural = _("members")

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant} · {self.get_role_display()}"
