"""The team's history in words: a sentence for each kind of entry. Reads nothing from the database."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.models import TeamEvent, User


def what_happened(entry: TeamEvent) -> SafeString:
    """Return what the entry's actor did, as a sentence that begins with the verb. Names are isolated in ``bdi``."""
    return SENTENCES[TeamEvent.Kind(entry.kind)](entry)


def _person(person: User | None) -> SafeString:
    """The person by name and by address, because anybody may take any name."""
    if person is None:
        return format_html("{}", "somebody whose sign-in was deleted")
    return format_html("<bdi>{}</bdi> ({})", person.name, person.email)


def _view(entry: TeamEvent) -> str:
    return ", with View all accounts" if entry.view_all_accounts else ""


def _is_own(entry: TeamEvent) -> bool:
    return entry.actor_id is not None and entry.actor_id == entry.person_id


def _role_changed(entry: TeamEvent) -> SafeString:
    whose = "their own role" if _is_own(entry) else format_html("the role of {}", _person(entry.person))
    return format_html("Changed {} from {} to {}.", whose, entry.get_before_display(), entry.get_after_display())


def _view_changed(entry: TeamEvent) -> SafeString:
    sentence = "Gave {} View all accounts." if entry.view_all_accounts else "Took View all accounts from {}."
    return format_html(sentence, "themselves" if _is_own(entry) else _person(entry.person))


def _removed(entry: TeamEvent) -> SafeString:
    if _is_own(entry):
        return format_html("Left the team; they were {}.", entry.get_before_display())
    return format_html("Removed {}, {}, from the team.", _person(entry.person), entry.get_before_display())


def _password_changed(entry: TeamEvent) -> SafeString:
    return format_html("Changed {}.", "their password" if _is_own(entry) else _password_of(entry.person))


def _password_of(person: User | None) -> SafeString:
    return format_html("the password of {}", _person(person))


def _said(sentence: str) -> Callable[[TeamEvent], SafeString]:
    return lambda entry: format_html("{}", sentence)


Kind = TeamEvent.Kind
SENTENCES: dict[TeamEvent.Kind, Callable[[TeamEvent], SafeString]] = {
    Kind.INVITED: lambda e: format_html("Invited {} as {}{}.", e.email, e.get_after_display(), _view(e)),
    Kind.INVITED_AGAIN: lambda e: format_html("Sent {} the invitation again, as {}.", e.email, e.get_after_display()),
    Kind.INVITATION_REVOKED: lambda e: format_html(
        "Revoked the invitation of {} as {}.", e.email, e.get_before_display()
    ),
    Kind.JOINED: lambda e: format_html(
        "Accepted the invitation of {} and joined as {}{}.", _person(e.person), e.get_after_display(), _view(e)
    ),
    Kind.ADDED: lambda e: format_html(
        "Added {} to the team as {}{}.", _person(e.person), e.get_after_display(), _view(e)
    ),
    Kind.ROLE_CHANGED: _role_changed,
    Kind.VIEW_CHANGED: _view_changed,
    Kind.REMOVED: _removed,
    Kind.TWO_FACTOR_REQUIRED: _said("Required two-factor sign-in of everybody."),
    Kind.TWO_FACTOR_NOT_REQUIRED: _said("No longer requires two-factor sign-in."),
    Kind.TWO_FACTOR_SET_UP: _said("Set up two-factor sign-in."),
    Kind.TWO_FACTOR_TURNED_OFF: _said("Turned off their two-factor sign-in."),
    Kind.TWO_FACTOR_RESET: lambda e: format_html("Reset the two-factor sign-in of {}.", _person(e.person)),
    Kind.PASSWORD_CHANGED: _password_changed,
    Kind.PASSWORD_REPLACED: _said("Replaced a forgotten password, by the link of an e-mail."),
}
"""What is said of each kind."""
