"""Which rows are a firm's: the one way from each table of the portal to the firm that owns its rows."""

from __future__ import annotations

from collections import deque

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

from portal.models import Firm

APPS = ("portal", "accounts", "qbsync")

GLOBAL = {
    "portal.User": "A person may work for several firms; whose account it is, the memberships tell.",
    "portal.User_groups": "As the person's.",
    "portal.User_user_permissions": "As the person's.",
    "portal.Backup": "Two moments of the whole portal.",
    "portal.SentForm": "A random key and a moment, of nobody, which is forgotten after a week.",
}
"""The tables whose rows belong to no firm, each with the reason."""


def ways_to_firm() -> dict[type[Model], str]:
    """Return, for each of our tables that leads to a firm, the shortest way there, as a lookup: ``invoice__firm``.

    Only what a row cannot be without is followed, so that every row has it. The firm itself is ``pk``. The tables
    between two others (tags of an account) are among them. In the order of their distance.
    """
    ways: dict[type[Model], str] = {Firm: "pk"}
    ours = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in APPS]
    todo: deque[type[Model]] = deque([Firm])
    while todo:
        owner = todo.popleft()
        for model in ours:
            for field in model._meta.concrete_fields:
                if model in ways or not isinstance(field, ForeignKey) or field.null or field.related_model is not owner:
                    continue
                ways[model] = field.name if owner is Firm else f"{field.name}__{ways[owner]}"
                todo.append(model)
    return ways


def rows_of(firm: Firm, model: type[Model]) -> QuerySet[Model]:
    """Return the rows of the table that are the firm's, those that screens leave out among them.

    Raises:
        KeyError: rows of this table belong to no firm.
    """
    return QuerySet(model).filter(**{ways_to_firm()[model]: firm.pk})
