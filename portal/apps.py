"""Django's registration of the portal app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Users, firms and memberships."""

    name = "portal"
