"""Hears what the books announce and hands it to the services. Holds no rule of its own."""

from typing import Any

from accounts.signals import books_changed


def _on_books_changed(*, firm_id: int, account_ids: list[int], **_: Any) -> None:
    from qbsync import services

    services.books_changed(firm_id=firm_id, account_ids=account_ids)


def connect() -> None:
    """Listen from now on; called once, when Django starts."""
    books_changed.connect(_on_books_changed, dispatch_uid="qbsync.books_changed")
