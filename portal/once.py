"""A form that records something carries a key, and a key counts once: a form sent twice records one thing.

A second press, a request that the browser sends again or a page that was gone back to would otherwise bill a client
twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.access import MemberRequest
from portal.models import SentForm

FIELD = "once"
KEPT = timedelta(days=7)
P = ParamSpec("P")
View = Callable[Concatenate[MemberRequest, P], HttpResponse]


def key_for(request: HttpRequest) -> str:
    """Return the key for the form on a page: the one that was sent, where the form is shown again, else a new one."""
    return str(_sent(request) or uuid4())


def recorded_once(what: str, *, then: str) -> Callable[[View[P]], View[P]]:
    """Let a view record one ``what`` for each form; a form that is sent again leads to ``then``, and says why.

    The view runs in a transaction that begins with the key, so a second press waits for the first one. A form that is
    refused is rolled back with its key, and counts when it is sent corrected. One without a key always counts.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def counted(request: MemberRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            key = _sent(request)
            if key is None:
                return view(request, *args, **kwargs)
            with transaction.atomic():
                _, is_first = SentForm.objects.get_or_create(key=key)
                if is_first:
                    SentForm.objects.filter(sent_at__lt=timezone.now() - KEPT).delete()
                    response = view(request, *args, **kwargs)
                    transaction.set_rollback(response.status_code >= 400)
                    return response
            messages.info(request, f"This {what} was recorded when the form was sent the first time. There is one.")
            return redirect(reverse(then, args=args, kwargs=kwargs))

        return counted

    return decorate


def _sent(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get(FIELD, ""))
    except ValueError:
        return None
