"""Owns names in lists: forbidden characters, uniqueness across lists, "(deleted)" and its way back, hierarchy."""

import re
from typing import Any

from .. import faults
from ..books import Books
from ..store import Row

_FORBIDDEN = re.compile(r"[:\x00-\x1f]")
_SUFFIX = re.compile(r" \(deleted(?: \d+)?\)\Z")
DEEPEST = 4


def check_characters(books: Books, name: str, value: str, *, what: str) -> None:
    """Raise 2040 (or 6000, as the company is set) for colon, tab and newline."""
    if books.company.options.non_latin_names == "refuse":
        try:
            value.encode("iso-8859-1")
        except UnicodeEncodeError:
            raise faults.Fault(
                "2040", "Invalid String. The string has at least one unsupported character.", value[:100], element=name
            ) from None
    if not _FORBIDDEN.search(value):
        return
    sentence = f"Invalid {what} name. Names must have at least one character and cannot include tabs, newlines, or ':'."
    if books.company.options.forbidden_character_code == "6000":
        raise faults.business(sentence)
    raise faults.Fault(
        "2040", "Invalid String. The string has at least one unsupported character.", sentence, element=name
    )


def taken_by(books: Books, kinds: tuple[str, ...], prop: str, value: str, own: tuple[str, str]) -> Row | None:
    """The entry of another id in these lists that holds the name."""
    marks, names = ",".join("?" * len(kinds)), [value.casefold()]
    if books.company.options.inactive_name == "blocked":
        names.append(f"{value} (deleted)".casefold())
    wanted = ",".join("?" * len(names))
    rows = books.store.rows(books.realm, f"name IN ({wanted}) AND kind IN ({marks}) AND deleted = 0", (*names, *kinds))
    sensitive = books.company.options.name_uniqueness == "sensitive"
    for row in rows:
        if (row.kind, str(row.id)) != own and not (row.active and sensitive and row.body.get(prop) != value):
            return row
    return None


def apply_activity(books: Books, kinds: tuple[str, ...], prop: str, body: dict[str, Any], old: Row | None) -> None:
    """Rename to "X (deleted)" on deactivation, and back on re-activation."""
    kind = kinds[0]
    was_active = old is None or old.active
    active = body.get("Active", True)
    body["Active"] = active
    if was_active and not active and old is not None:
        plain, own = body[prop], (kind, body["Id"])
        candidate, count = f"{plain} (deleted)", 0
        while taken_by(books, kinds, prop, candidate, own):
            count += 1
            candidate = f"{plain} (deleted {count})"
        body[prop] = candidate
    elif not was_active and active:
        body[prop] = _SUFFIX.sub("", body[prop])


def place_under_parent(books: Books, kind: str, prop: str, body: dict[str, Any], old: Row | None) -> None:
    """Fill FullyQualifiedName and Level from ParentRef. Raises `Fault` for circles and more than five levels."""
    parent_ref = body.get("ParentRef")
    if parent_ref is None:
        body["FullyQualifiedName"] = body[prop]
        body.pop("Level", None)
        return
    parent = books.row(kind, parent_ref["value"])
    level, above = 1, parent
    while above is not None and above.parent is not None:
        if str(above.id) == body["Id"]:
            break
        level, above = level + 1, books.row(kind, above.parent)
    if parent is None or (above is not None and str(above.id) == body["Id"]):
        raise faults.business("An entry cannot be placed under itself or one of its own sub-entries")
    if level > DEEPEST:
        raise faults.business("You have exceeded the maximum of 5 levels in this list")
    body["Level"] = level
    body["FullyQualifiedName"] = f"{parent.body['FullyQualifiedName']}:{body[prop]}"


def rename_children(books: Books, row: Row, old: Row | None, prop: str) -> None:
    """Carry a changed FullyQualifiedName down to all that are below."""
    if old is None or old.body.get("FullyQualifiedName") == row.body.get("FullyQualifiedName"):
        return
    for child in books.store.rows(books.realm, "kind = ? AND parent = ?", (row.kind, row.id)):
        before = Row(child.kind, child.id, dict(child.body))
        child.body["FullyQualifiedName"] = f"{row.body['FullyQualifiedName']}:{child.body[prop]}"
        books.save(child, new_version=False)
        rename_children(books, child, before, prop)
