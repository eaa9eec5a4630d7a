from allauth.usersessions import apps as usersessions
from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from salesos import checks  # noqa: F401 - importing them registers them


class SalesOSConfig(AppConfig):
    name = "salesos"
    verbose_name = _("People and access")

    def ready(self) -> None:
        # Each package's `admin` puts its screens on the dashboard's one site (salesos.admin.site).
        autodiscover_modules("admin")


class UserSessionsConfig(usersessions.UserSessionsConfig):
    """Allauth's table of who is signed in where, without its receivers: `salesos.sessions` keeps it, for less."""

    def ready(self) -> None:
        pass
