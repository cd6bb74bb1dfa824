"""The verbs on one's own sign-in: password and second factor. Each stands in the history of the person's firms."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.mfa.base.internal.flows import delete_and_cleanup
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.flows import activate_totp
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest

from portal.models import TeamEvent, User
from portal.services.team_history import note_everywhere


@transaction.atomic
def password_change(*, user: User, password: str) -> None:
    """Give the person the password that they chose in place of the one they know. Their sessions elsewhere end."""
    _set_password(user, password)
    note_everywhere(TeamEvent.Kind.PASSWORD_CHANGED, person=user)


@transaction.atomic
def password_replace(*, user: User, password: str) -> None:
    """Give the person the password that they chose by the link of an e-mail. Their sessions end."""
    _set_password(user, password)
    note_everywhere(TeamEvent.Kind.PASSWORD_REPLACED, person=user)


@transaction.atomic
def two_factor_set_up(*, request: HttpRequest, user: User, form: ActivateTOTPForm) -> bool:
    """Have the person's sign-in take a code of the authenticator app whose first code the form has checked.

    An e-mail tells them, after the change. Returns whether recovery codes were made for it.

    Raises:
        ReauthenticationRequired: they have not shown lately who they are.
    """
    _, codes = activate_totp(request, form)
    note_everywhere(TeamEvent.Kind.TWO_FACTOR_SET_UP, person=user)
    return codes is not None


def two_factor_turn_off(*, request: HttpRequest, user: User) -> None:
    """Have the password alone be enough again, and tell the person by e-mail. The second of two presses does nothing.

    Whether they may, and have shown lately who they are, the view has asked.
    """
    with transaction.atomic():
        own = Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.TOTP).first()
        if own is None:
            return
        delete_and_cleanup(request, own)
        note_everywhere(TeamEvent.Kind.TWO_FACTOR_TURNED_OFF, person=user)
    adapter = get_adapter(request)
    adapter.add_message(request, messages.SUCCESS, "mfa/messages/totp_deactivated.txt")
    adapter.send_notification_mail("mfa/email/totp_deactivated", user)


def _set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
