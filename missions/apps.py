from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MissionsConfig(AppConfig):
    name = "missions"
    verbose_name = _("Missions")

    def ready(self) -> None:
        # Imported here: it reads models, which are not there before.
        from missions.handlers import subscribe  # noqa: PLC0415

        subscribe()
