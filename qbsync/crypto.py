"""The column that keeps Intuit's tokens encrypted."""

from __future__ import annotations

from typing import Any

from django.db import models

from portal.crypto import decrypt, encrypt


class EncryptedTextField(models.TextField):
    """A text column that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way to the database."""
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt on the way from the database."""
        return decrypt(value) if value else value
