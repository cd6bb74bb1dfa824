"""What every page needs of the template language: initials, money, links of the menu and of tables. Reads nothing."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from ua_parser import parse

from portal import once, team_wording
from portal.isolation import unguarded
from portal.models import TeamEvent
from portal.selectors.team import memberships_of

register = template.Library()

# What people of the firm's country write before an amount; other currencies are named by their code.
SYMBOLS = {"USD": "$", "CAD": "CA$", "AUD": "A$", "GBP": "£", "EUR": "€", "NZD": "NZ$"}


@register.filter
def initials(name: object) -> str:
    """Return at most two capitals for a name, for where there is no room for it."""
    words = [word for word in str(name).replace("&", " ").split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def what_happened(entry: TeamEvent) -> SafeString:
    """Return what an entry of the team's history says, after who did it."""
    return team_wording.what_happened(entry)


@register.filter
def browser(user_agent: str) -> str:
    """Return what a browser says of itself in short, such as Firefox on Windows; it may say anything."""
    told = parse(user_agent)
    names = [part.family for part in (told.user_agent, told.os) if part is not None]
    return " on ".join(names) or "Unknown browser"


@register.filter
def money(amount: Decimal | None, currency: str = "USD", places: int = 2) -> str:
    """Return an amount as ``$1,234.50`` or ``−$5.00`` in the firm's currency; nothing for None."""
    if amount is None:
        return ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'−' if amount < 0 else ''}{symbol}{abs(amount):,.{places}f}"


@register.inclusion_tag("portal/_nav_link.html", takes_context=True)
def nav_link(context: RequestContext, url_name: str, label: str, icon: str, section: str) -> dict[str, object]:
    """Show the menu's link to a page, marked as current on every page whose path starts with ``section``."""
    path = context["request"].path
    return {"address": reverse(url_name), "label": label, "icon": icon, "current": path.startswith(section)}


@register.simple_tag(takes_context=True)
def once_key(context: RequestContext) -> SafeString:
    """Put the key into a form by which it counts once, however often it is sent."""
    return format_html('<input type="hidden" name="{}" value="{}">', once.FIELD, once.key_for(context["request"]))


@register.inclusion_tag("portal/_field.html")
def field(bound: BoundField, width: str = "", hint: str = "") -> dict[str, object]:
    """Show a field with its label, a hint and what is wrong with it; ``width`` is its class in a .form-grid."""
    is_check = isinstance(bound.field.widget, CheckboxInput)
    optional = not bound.field.required and not is_check
    return {"field": bound, "width": width, "hint": hint, "is_check": is_check, "optional": optional}


@register.inclusion_tag("portal/_sort_header.html", takes_context=True)
def sort_header(
    context: RequestContext, label: str, key: str, current: str, descending: bool, number: bool = False
) -> dict[str, object]:
    """Show a table's heading that sorts by ``key`` when followed, and the other way round when followed again."""
    is_current = key == current
    return {
        "request": context["request"],
        "label": label,
        "sort": f"-{key}" if is_current and not descending else key,
        "direction": ("descending" if descending else "ascending") if is_current else "",
        "number": number,
    }


@register.inclusion_tag("portal/_mail_note.html")
def mail_note() -> dict[str, object]:
    """Say where e-mails are, in a portal beside the simulator that writes them to files."""
    to_files = settings.IS_LOCAL and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
    return {"folder": settings.EMAIL_FILE_PATH if to_files else ""}


@register.inclusion_tag("portal/_firm_switch.html", takes_context=True)
def firm_switch(context: RequestContext, button: str, before: str = "", here: str = "") -> dict[str, object]:
    """Show a button for each other firm of the person; it leads to ``here``, or to the accounts."""
    membership = context["request"].membership
    places = []
    if membership and membership.has_other_firms:
        with unguarded():
            places = list(memberships_of(membership.user))
    shown = {"request": context["request"], "csrf_token": context.get("csrf_token", "")}
    return {**shown, "memberships": places, "button": button, "before": before, "next": here}
