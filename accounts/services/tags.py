"""The verbs on tags: make, change, delete. What a tag is put on is said by the accounts' own verbs."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Tag, TagColor
from accounts.services import ledger, rules
from accounts.services.errors import Problems, refuse
from portal.models import Firm

NAME_LIMIT = 50
_SEPARATORS = ";|"  # what separates tags in a cell of a CSV file


@transaction.atomic
def tag_create(*, firm: Firm, name: str, color: str) -> Tag:
    """Make a tag, whose name is one of its kind in the firm, in capitals or not.

    Raises:
        BooksError: the name or the colour cannot be kept, or another tag has the name.
    """
    ledger.lock_firm(firm.pk)
    tag = Tag(firm=firm)
    _set(tag, name, color)
    tag.save()
    return tag


@transaction.atomic
def tag_update(*, tag: Tag, name: str, color: str) -> Tag:
    """Give a tag another name or colour, on all accounts that have it.

    Raises:
        BooksError: as :func:`tag_create`; or the tag was deleted meanwhile.
    """
    ledger.lock_firm(tag.firm_id)
    current = Tag.objects.filter(pk=tag.pk).first()
    if current is None:
        raise refuse("This tag was deleted meanwhile.")
    _set(current, name, color)
    current.save(update_fields=["name", "color"])
    return current


@transaction.atomic
def tag_delete(*, tag: Tag) -> None:
    """Delete a tag, and take it off all accounts that have it."""
    ledger.lock_firm(tag.firm_id)
    tag.delete()


def tag_name_problem(name: str) -> str | None:
    """Return the sentence about a tag's name that cannot be kept, or None."""
    if any(sign in name for sign in _SEPARATORS):
        return "A tag's name cannot hold ; or |, which stand between tags in CSV files."
    return rules.text_problem(name, "A tag's name", NAME_LIMIT, required=True)


def _set(tag: Tag, name: str, color: str) -> None:
    """Let the tag be this, if nothing speaks against it. The caller holds the firm's lock."""
    name = " ".join(name.split())
    problems = Problems()
    if problem := tag_name_problem(name):
        problems.add(problem, "name")
    if color not in TagColor.values:
        problems.add("Choose one of the colors.", "color")
    # Compared here and not by the database, whose idea of case is another one than the CSV import's.
    others = Tag.objects.filter(firm=tag.firm_id).exclude(pk=tag.pk)
    if namesake := next((other for other in others if other.name.casefold() == name.casefold()), None):
        problems.add(f"There is a tag “{namesake.name}” already.", "name")
    problems.refuse_if_any()
    tag.name, tag.color = name, color
