"""Django's registration of the qbsync app; connects it to the announcements of the books."""

from django.apps import AppConfig


class QbsyncConfig(AppConfig):
    """Everything QuickBooks."""

    name = "qbsync"
    verbose_name = "QuickBooks sync"

    def ready(self) -> None:
        """Hear of every change of the books from now on, and add QuickBooks to their lists."""
        from qbsync import document_filters, filters, receivers

        receivers.connect()
        filters.register()
        document_filters.register()
