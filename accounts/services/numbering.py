"""Proposes the next free account ID and document number of a firm. The caller holds the firm's lock."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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
    taken = Account.objects.filter(firm=firm, code__regex=rf"^{start}[0-9]{{1,8}}$").values_list("code", flat=True)
    return f"{start}{1 + _highest(code[len(start) :] for code in taken)}"


def next_number(firm: Firm, model: type[Invoice] | type[Payment]) -> str:
    """Return the number after the highest one in the firm's own way of numbering, at first INV-1001 or PAY-1001."""
    latest = model.objects.filter(firm=firm).order_by("-pk").values_list("number", flat=True).first()
    parts = _TRAILING_DIGITS.fullmatch(latest or "")
    if parts is None:
        prefix, digits = _PREFIX[model], str(_FIRST - 1)
    else:
        prefix, digits = parts.groups()
    alike = model.objects.filter(firm=firm, number__regex=rf"^{re.escape(prefix)}[0-9]{{1,15}}$")
    highest = max(int(digits), _highest(number[len(prefix) :] for number in alike.values_list("number", flat=True)))
    return f"{prefix}{highest + 1:0{len(digits)}d}"


def _highest(numbers: Iterable[str]) -> int:
    return max((int(number) for number in numbers), default=0)
