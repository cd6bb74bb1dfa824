"""The address that QuickBooks delivers its webhooks to. Nobody signs in here; the signature tells who sends."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from qbsync.changes import webhooks


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Take a delivery: 200 at once, also for companies that are not connected; what is forged or unreadable is not."""
    body = request.read(webhooks.LONGEST + 1)
    if len(body) > webhooks.LONGEST:
        return HttpResponse("The body is too long.", status=413, content_type="text/plain")
    if not webhooks.is_genuine(body, request.headers.get("intuit-signature", "")):
        return HttpResponse("The signature is not QuickBooks’.", status=401, content_type="text/plain; charset=utf-8")
    try:
        events = webhooks.events_of(body)
    except webhooks.Unreadable as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain")
    webhooks.take(events)
    return HttpResponse(status=200)
