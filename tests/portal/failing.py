"""A page and a task that fail with everything in hand that must not leave the portal."""

import logging

from celery import shared_task
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.urls import path

from portal import logs
from portal.access import MemberRequest, member_required
from portal.models import User
from portal.urls import handler500 as handler500
from portal.urls import urlpatterns as pages

NAME, AMOUNT, TOKEN = "Quillfeather Holdings", "7319.46", "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0"
EMAIL = "ottoline@quillfeather.example"
SECRETS = (NAME, "Quillfeather", AMOUNT, TOKEN, EMAIL, "ottoline")
CONNECTION, RUN, INTUIT_TID = 41, 4242, "1-5f3e9c1d-0a7b2c3d4e5f"

logger = logging.getLogger(__name__)


def _refused_by_the_database(email: str) -> None:
    with transaction.atomic():
        User.objects.create_user(email, "a-long-password", name=NAME)
        User.objects.create_user(email, "a-long-password", name=NAME)


def _fail(owed: str, token: str) -> None:
    logger.warning("%s owes %s", NAME, owed)
    try:
        _refused_by_the_database(EMAIL)
    except IntegrityError as error:
        raise LookupError(f"{NAME} owes {owed}; asked with {token}") from error


@member_required()
def fail(request: MemberRequest) -> HttpResponse:
    """Fail."""
    _fail(request.POST["owed"], request.GET["token"])
    return HttpResponse()


@member_required()
def complain(request: MemberRequest) -> HttpResponse:
    """Log an error that is no exception, with a name where an id belongs."""
    logger.error("%s owes %s", NAME, AMOUNT, extra={"firm": NAME, "intuit_tid": TOKEN + EMAIL})
    return HttpResponse()


@member_required()
def away(request: MemberRequest) -> HttpResponse:
    """Answer 503 because that is the answer."""
    return HttpResponse(status=503)


@shared_task(name="tests.fail")
def fail_in_a_worker(firm_id: int, owed: str, token: str) -> None:
    """Fail, as a sync of the firm does."""
    logs.add(firm=firm_id, connection=CONNECTION, run=RUN, intuit_tid=INTUIT_TID)
    _fail(owed, token)


urlpatterns = [path("fail/", fail), path("complain/", complain), path("away/", away), *pages]
