"""Django's registration of the portal app."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created


class PortalConfig(AppConfig):
    """Users, firms and memberships."""

    name = "portal"

    def ready(self) -> None:
        """Register the checks of settings; tell Sentry of errors from here on, where that is wanted."""
        from portal import checks  # noqa: F401 (registers itself)

        connection_created.connect(_hold_rows_no_longer_than_claims)
        if settings.SENTRY_DSN:
            from portal import sentry

            sentry.start()


def _hold_rows_no_longer_than_claims(connection: Any, **_: Any) -> None:
    """Have PostgreSQL end a transaction in which its process says nothing for as long as a claim lasts.

    A host that hangs, or is cut off, would keep everybody from the rows it has locked for as long as it hangs. What is
    sent to QuickBooks is never within a transaction, so nobody is at work that long without a statement.
    """
    with connection.connection.cursor() as cursor:  # a statement of its own: poolers take no such option at the start
        cursor.execute("SET idle_in_transaction_session_timeout = %s", [int(settings.SYNC_LEASE_S * 1000)])
