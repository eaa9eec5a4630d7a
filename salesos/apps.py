from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from salesos import checks, sessions  # noqa: F401 - importing them registers checks and a signal's receiver


class SalesOSConfig(AppConfig):
    name = "salesos"
    verbose_name = _("People and access")

    def ready(self) -> None:
        # Each package's `admin` puts its screens on the dashboard's one site (salesos.admin.site).
        autodiscover_modules("admin")
