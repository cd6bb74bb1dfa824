"""Sends one e-mail from a pair of templates, and says so when it could not. Decides nothing about who gets it."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

log = logging.getLogger(__name__)
LONGEST_SUBJECT = 120


class MailFailed(Exception):
    """The mail server refused the e-mail or could not be reached; nothing was sent."""


def absolute(url_name: str, *args: object) -> str:
    """Return the whole address of a page, for a link in an e-mail."""
    return settings.PORTAL_BASE_URL + reverse(url_name, args=args)


def send(template: str, to: str, context: dict[str, Any]) -> None:
    """Send ``<template>_subject.txt`` and ``<template>_message.txt`` to one address.

    Names in the subject may hold anything: it is brought onto one line of bounded length, so that none of them can
    add a header.

    Raises:
        MailFailed: the mail server did not take it.
    """
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    body = render_to_string(f"{template}_message.txt", context).strip() + "\n"
    try:
        EmailMessage(subject[:LONGEST_SUBJECT], body, to=[to]).send()
    except (OSError, SMTPException) as error:
        log.warning("An e-mail of the kind %s could not be sent: %s", template, type(error).__name__)
        raise MailFailed from error
