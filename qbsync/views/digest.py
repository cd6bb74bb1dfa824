"""Settings > Integrations > QuickBooks > E-mail digest: who gets it and when; and the link in it that ends it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.access import MemberRequest, manager_required
from portal.models import Membership
from qbsync.digest import links, schedule
from qbsync.forms import DigestForm
from qbsync.selectors import connection_of


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def choose(request: MemberRequest) -> HttpResponse:
    """Choose for oneself whether and when the digest comes; the owner chooses for everybody who may get it."""
    if connection_of(request.firm) is None:
        return redirect("quickbooks_settings")
    forms = [(member, _form(request, member)) for member in _choosable(request)]
    wrong = [form for _, form in forms if not form.is_valid()]  # each is asked, so that each says what is wrong
    if request.method == "POST" and not wrong:
        for member, form in forms:
            if form.has_changed():
                schedule.choose(membership=member, by=request.membership.user, **form.cleaned_data)
        messages.success(request, "The e-mail digest was saved.")
        return redirect("quickbooks_settings")
    return render(request, "qbsync/digest.html", {"forms": forms, "firm": request.firm})


@csrf_exempt  # a mail program posts here by itself (RFC 8058); the signed address is the right to do it
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """End a person's digest by the link in it; a GET only asks, because mail scanners follow links."""
    member = links.membership_of(token)
    if member is None:
        raise Http404
    if request.method == "POST":
        schedule.choose(membership=member, is_wanted=False, send_at=schedule.chosen(member).send_at, by=None)
    context = {"member": member, "is_ended": not schedule.chosen(member).is_wanted or request.method == "POST"}
    return render(request, "qbsync/digest_stop.html", context)


def _choosable(request: MemberRequest) -> list[Membership]:
    """Those of the firm's readers for whom this person may choose."""
    readers = schedule.readers(request.firm)
    return list(readers if request.membership.is_owner else readers.filter(pk=request.membership.pk))


def _form(request: MemberRequest, member: Membership) -> DigestForm:
    now = schedule.chosen(member)
    initial = {"is_wanted": now.is_wanted, "send_at": now.send_at}
    return DigestForm(request.POST or None, prefix=f"m{member.pk}", initial=initial)
