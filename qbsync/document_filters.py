"""Adds QuickBooks to the firm's lists of invoices and payments: its column to the query, its statuses to the filters.

``accounts`` offers the hook and knows nothing of this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from accounts import document_lists
from portal.models import Firm
from qbsync.filters import FILTER_PARAM
from qbsync.presentation import DOCUMENT_LABELS
from qbsync.selectors import with_document_standing, with_document_status
from qbsync.states import DocumentStatus


def document_filter_choices() -> dict[str, list[tuple[str, str]]]:
    """Return what to choose from, as value and label, under its heading."""
    return {"Status": [(status.value, label) for status, label in DOCUMENT_LABELS.items()]}


def documents_with_quickbooks(documents: QuerySet[Any], firm: Firm, params: Mapping[str, str]) -> QuerySet[Any]:
    """Return the documents with what their QuickBooks column shows, narrowed to the status asked for.

    A value that is none is ignored, like any other unknown parameter.
    """
    found = with_document_standing(documents)
    wanted = params.get(FILTER_PARAM, "")
    return with_document_status(found, firm, DocumentStatus(wanted)) if wanted in list(DocumentStatus) else found


def register() -> None:
    """Add QuickBooks to the lists from now on; called once, when Django starts."""
    document_lists.extensions.append(documents_with_quickbooks)
