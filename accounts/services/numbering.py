"""Proposes the next free account ID and document number of a firm. The caller holds the firm's lock."""

from __future__ import annotations

import re
import unicodedata

from django.db.models import BigIntegerField, Max, QuerySet
from django.db.models.functions import Cast, Substr

from accounts.models import Account, Invoice, Payment
from portal.models import Firm

_FIRST = 1001
_TRAILING_DIGITS = re.compile(r"(.*?)(\d{1,15})$", re.ASCII)
_PREFIX = {Invoice: "INV-", Payment: "PAY-"}


def initials(name: str) -> str:
    """Return the capitals that begin an account's ID: JG for Jane Gray; up to three, plain letters and digits only."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain.replace("'", ""))
    letters = "".join(word[0] for word in words if not word[0].isdigit())
    return letters[:3].upper() or "A"


def next_code(firm: Firm, name: str) -> str:
    """Return the account ID after the highest one with the same initials, such as JG2."""
    start = initials(name)
    return f"{start}{1 + _highest(Account.objects.filter(firm=firm), 'code', start)}"


def next_number(firm: Firm, model: type[Invoice] | type[Payment]) -> str:
    """Return the number after the highest one in the firm's own way of numbering, at first INV-1001 or PAY-1001."""
    latest = model.objects.filter(firm=firm).order_by("-pk").values_list("number", flat=True).first()
    parts = _TRAILING_DIGITS.fullmatch(latest or "")
    if parts is None:
        prefix, digits = _PREFIX[model], str(_FIRST - 1)
    else:
        prefix, digits = parts.groups()
    highest = max(int(digits), _highest(model.objects.filter(firm=firm), "number", prefix))
    return f"{prefix}{highest + 1:0{len(digits)}d}"


def _highest(rows: QuerySet, field: str, prefix: str) -> int:
    """The highest number that follows the prefix in this column, 0 where none does; told by the database."""
    alike = rows.filter(**{f"{field}__regex": rf"^{re.escape(prefix)}[0-9]{{1,15}}$"})
    number = Cast(Substr(field, len(prefix) + 1), BigIntegerField())
    return alike.aggregate(highest=Max(number))["highest"] or 0
