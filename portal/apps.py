"""Django's registration of the portal app."""

from django.apps import AppConfig
from django.conf import settings


class PortalConfig(AppConfig):
    """Users, firms and memberships."""

    name = "portal"

    def ready(self) -> None:
        """Register the checks of settings; tell Sentry of errors from here on, where that is wanted."""
        from portal import checks  # noqa: F401 (registers itself)

        if settings.SENTRY_DSN:
            from portal import sentry

            sentry.start()
