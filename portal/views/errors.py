"""What is answered where a request ended in an error that nobody caught."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

_AWAY = (OperationalError, InterfaceError, RedisError, BrokerError)
_TRY_AGAIN_S = 30


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 where PostgreSQL or Redis did not, with the seconds after which to try again; else 500.

    The pages read nothing: neither who asks nor any table can be known now. Intuit sends a webhook again after either.
    """
    if isinstance(sys.exc_info()[1], _AWAY):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(_TRY_AGAIN_S)})
    return HttpResponse(render_to_string("500.html"), status=500)
