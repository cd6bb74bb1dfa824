"""The one announcement of this app: that something in a firm's books changed. Who listens is not known here."""

from django.dispatch import Signal

# Sent inside the transaction of the change, with firm_id: int and account_ids: list[int].
books_changed = Signal()
