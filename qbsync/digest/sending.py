"""Sends one person's digest of the day, exactly once: claimed before it is written, marked before it is handed over.

A claim that its worker did not live to use ends by itself, and another takes it over. Once the mail server has been
handed the message it is not sent again, whatever became of the answer: a second copy is worse than one that the next
day's digest, which tells what no digest is known to have told, makes up for.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from portal.models import Membership
from qbsync import clock
from qbsync.digest import links, schedule
from qbsync.digest.content import Content, content_of
from qbsync.models import Connection, Digest, DigestState
from qbsync.models.connection import LIVE

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)
_AGAIN_AFTER = timedelta(minutes=15)  # the mail server did not answer, and nothing was handed to it


def digest_send(membership_id: int) -> DigestState | None:
    """Send the member's digest of the day if it is due; return what became of it, None where it is not to be sent now.

    May be called by any number of workers at once, and after the death of one in the middle.
    """
    membership = Membership.objects.select_related("user", "firm", "digest_choice").filter(pk=membership_id).first()
    now = timezone.now()
    if membership is None or membership_id not in schedule.due(now):
        return None
    connection = Connection.objects.filter(firm=membership.firm, status__in=LIVE).first()
    claim = _claim(membership, now) if connection else None
    if connection is None or claim is None:
        return None
    last = Digest.objects.filter(membership=membership, state=DigestState.SENT).order_by("-day").first()
    content = content_of(
        connection, membership.firm, since=last.looked_at if last else None, told=last.told if last else []
    )
    if not content.is_new:
        return _end(claim, DigestState.NOTHING)
    return _deliver(claim, _message(membership, content, claim), content)


def _claim(membership: Membership, now: datetime) -> Digest | None:
    """Take the day's digest; None where it is decided, or another worker is at it."""
    day, seen_at = schedule.day_of(membership.firm, now), clock.about_now()
    until = seen_at + _LEASE
    try:
        with transaction.atomic():
            return Digest.objects.create(membership=membership, day=day, claimed_until=until, looked_at=seen_at)
    except IntegrityError:
        free = Digest.objects.filter(
            membership=membership, day=day, state=DigestState.CLAIMED, claimed_until__lt=seen_at
        )
        taken = free.update(claimed_until=until, looked_at=seen_at)
        return Digest.objects.get(membership=membership, day=day) if taken else None


def _deliver(claim: Digest, message: EmailMultiAlternatives, content: Content) -> DigestState | None:
    mail = get_connection()
    try:
        mail.open()
    except OSError as error:  # smtplib's own errors are among them
        logger.warning("digest=%s the mail server does not answer: %s", claim.pk, type(error).__name__)
        _mine(claim).update(claimed_until=clock.about_now() + _AGAIN_AFTER)
        return None
    try:
        if not _mine(claim).update(state=DigestState.SENDING, told=list(content.keys)):
            return None  # it took too long, and another worker has it
        mail.send_messages([message])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        logger.warning("digest=%s refused by the mail server: %s", claim.pk, type(error).__name__)
        return _end(claim, DigestState.REFUSED)
    except OSError as error:
        logger.warning("digest=%s the mail server's answer was lost: %s", claim.pk, type(error).__name__)
        return DigestState.SENDING
    finally:
        mail.close()
    logger.info("digest=%s sent", claim.pk)
    return _end(claim, DigestState.SENT)


def _mine(claim: Digest) -> Any:
    """The claimed row, unless another worker has taken it over."""
    return Digest.objects.filter(pk=claim.pk, state=DigestState.CLAIMED, claimed_until=claim.claimed_until)


def _end(claim: Digest, state: DigestState) -> DigestState:
    Digest.objects.filter(pk=claim.pk, state__in=[DigestState.CLAIMED, DigestState.SENDING]).update(state=state)
    return state


def _message(membership: Membership, content: Content, claim: Digest) -> EmailMultiAlternatives:
    stop = links.stop_address(membership)
    context = {
        "name": membership.user.get_short_name(),
        "firm": membership.firm,
        "content": content,
        "settings_address": links.page("quickbooks_settings"),
        "digest_address": links.page("quickbooks_digest"),
        "stop_address": stop,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(f"{membership.firm.name}: QuickBooks needs your attention".split()),
        body=render_to_string("qbsync/digest/digest.txt", context),
        to=[membership.user.email],
        headers={
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Auto-Submitted": "auto-generated",
            "Message-ID": f"<quickbooks-digest-{claim.pk}@{urlsplit(settings.PORTAL_BASE_URL).hostname}>",
        },
    )
    message.attach_alternative(render_to_string("qbsync/digest/digest.html", context), "text/html")
    return message
