"""Django's registration of the portal app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Users, firms and memberships."""

    name = "portal"

    def ready(self) -> None:
        """Register the checks of settings."""
        from portal import checks  # noqa: F401 (registers itself)
