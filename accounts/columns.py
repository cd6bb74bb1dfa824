"""The columns of the list of accounts: which there are, and which a person has chosen to see."""

from __future__ import annotations

from collections.abc import Collection

from portal.models import Membership

OPTIONAL = {"type": "Type", "team": "Team", "tags": "Tags", "balance": "Balance due"}
"""What can be left out. ID, Name, and what other apps add are always shown."""


def columns_shown(membership: Membership) -> list[str]:
    """Return the optional columns that the person sees, in their order."""
    return [column for column in OPTIONAL if column not in membership.hidden_columns]


def columns_choose(*, membership: Membership, columns: Collection[str]) -> None:
    """Keep these columns for the person from now on, in this firm; unknown ones are ignored.

    What is kept is what they do not want to see, so that a column that comes later is shown.
    """
    membership.hidden_columns = [column for column in OPTIONAL if column not in columns]
    membership.save(update_fields=["hidden_columns"])
