"""Settings > Integrations > QuickBooks > Errors: what needs a person, by kind and cause, with what can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account, Invoice, Payment
from accounts.selectors import document_page
from portal.access import MemberRequest, manager_required
from qbsync import services
from qbsync.causes import cause_label
from qbsync.failures import failed_account, failed_document
from qbsync.models import Connection
from qbsync.models.connection import LIVE
from qbsync.presentation import counted
from qbsync.selectors import connection_of, reactivable, with_document_standing, with_standing
from qbsync.selectors.errors import KINDS, Cause, error_counts, errors_of, waited_for
from qbsync.services import Refused
from qbsync.services.retries import accounts_retry, documents_accept, documents_retry, is_retried
from qbsync.states import DRIFT_REASONS
from qbsync.views.answers import REFUSED, is_htmx

_NOUNS = {"accounts": "account", "invoices": "invoice", "payments": "payment"}


@require_safe
@manager_required
def page(request: MemberRequest) -> HttpResponse:
    """Show the failures that the address asks for: of which kind, of what cause, of one account or all."""
    return _errors(request)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def retry_all(request: MemberRequest) -> HttpResponse:
    """Say how many of one cause would be tried again, or accepted as QuickBooks has them; on POST, ask for it."""
    connection, kind, cause = _connected(request), request.GET.get("tab", ""), _cause(request)
    accepts = request.GET.get("verb") == "accept"
    if connection is None or kind not in KINDS or cause is None:
        raise Http404
    if not (_is_accepted(cause) if accepts else is_retried(kind, cause.reason)):
        raise Http404
    rows = cause.of(errors_of(connection, kind, account=_account_key(request)))
    error = ""
    if request.method == "POST":
        try:
            if kind == "accounts":
                moved = accounts_retry(connection=connection, accounts=rows, by=request.membership.user)
            else:
                verb = documents_accept if accepts else documents_retry
                moved = verb(connection=connection, documents=rows, by=request.membership.user)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, _said(moved, _NOUNS[kind], accepts=accepts))
            return redirect(_back(request, cause=""))
    context = {
        "asked": counted(rows.count(), _NOUNS[kind]),
        "label": cause_label(cause),
        "accepts": accepts,
        "drift": cause.reason if _is_accepted(cause) else "",
        "kind": kind,
        "state": request.GET.urlencode(),
        "back": _back(request),
        "error": error,
    }
    template = "qbsync/_retry_dialog.html" if is_htmx(request) else "qbsync/errors_retry.html"
    return render(request, template, context, status=REFUSED if error else 200)


def _button(verb: Callable[..., Any], said: str) -> Any:
    """Return the view of one button on one failed document; a deleted one has it too."""

    @require_POST
    @manager_required
    def press(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
        model = KINDS.get(kind)
        document = model.with_deleted.filter(firm=request.firm, pk=pk).first() if model in (Invoice, Payment) else None
        if document is None:
            raise Http404
        try:
            verb(document=document, by=request.membership.user)
        except Refused as refused:
            note, level = str(refused), messages.ERROR
        else:
            note, level = f"{document} {said}", messages.SUCCESS
        if is_htmx(request):
            return _errors(request, note=note, has_failed=level == messages.ERROR)
        messages.add_message(request, level, note)
        return redirect(_back(request))

    return press


retry = _button(services.document_sync, "is being tried again.")
skip = _button(services.document_skip, "is no longer synced.")
accept = _button(services.document_accept, "is as QuickBooks has it, for the sync.")


def _errors(request: MemberRequest, *, note: str = "", has_failed: bool = False) -> HttpResponse:
    """The page, or its part that changes where htmx asks for it."""
    context: dict[str, Any] = {"note": note, "has_failed": has_failed, "state": request.GET.urlencode()}
    connection = _connected(request)
    if connection is not None:
        context |= _listed(request, connection)
    template = "qbsync/_errors.html" if is_htmx(request) else "qbsync/errors.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _listed(request: MemberRequest, connection: Connection) -> dict[str, Any]:
    account, cause = _account_key(request), _cause(request)
    causes = error_counts(connection, account=account)
    sums = {kind: sum(one.count for one in causes[kind]) for kind in KINDS}
    kind = request.GET.get("tab", "")
    if kind not in KINDS:
        kind = next((one for one in KINDS if sums[one]), "accounts")
    rows = errors_of(connection, kind, account=account)
    if cause is not None:
        rows = cause.of(rows)
    if kind == "accounts":
        shown = document_page(with_standing(rows, request.firm), request.GET.get("page"))
        inactive = reactivable([row.quickbooks for row in shown.rows])
        failures = [failed_account(row, inactive.get(row.pk)) for row in shown.rows]
    else:
        shown = document_page(with_document_standing(rows), request.GET.get("page"))
        invoices = waited_for(shown.rows) if kind == "payments" else {}
        failures = [failed_document(row, connection, invoices.get(row.pk)) for row in shown.rows]
    only = cause or (causes[kind][0] if len(causes[kind]) == 1 else None)
    return {
        "connection": connection,
        "firm": request.firm,
        "kind": kind,
        "kinds": [(one, one.capitalize(), sums[one]) for one in KINDS],
        "is_clear": not any(sums.values()),
        "causes": [(one.key, cause_label(one), one.count) for one in causes[kind]],
        "cause": cause.key if cause else "",
        "page": shown,
        "failures": failures,
        "retried": only.key if only and failures and is_retried(kind, only.reason) else "",
        "accepted": only.key if only and failures and _is_accepted(only) else "",
        # The list knows the reason alone, not QuickBooks' code.
        "listed": only.reason if only and failures and kind == "accounts" and not only.code and not account else "",
        "account": Account.objects.filter(firm=request.firm, pk=account).first() if account else None,
    }


def _connected(request: MemberRequest) -> Connection | None:
    connection = connection_of(request.firm)
    return connection if connection and connection.status in LIVE and connection.set_up_at else None


def _cause(request: MemberRequest) -> Cause | None:
    return Cause.from_key(request.GET.get("cause", ""))


def _account_key(request: MemberRequest) -> int | None:
    key = request.GET.get("account", "")
    return int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else None


def _is_accepted(cause: Cause) -> bool:
    return cause.reason in DRIFT_REASONS


def _back(request: MemberRequest, **changed: str) -> str:
    state = request.GET.copy()
    state.pop("page", None)
    state.pop("verb", None)
    for name, value in changed.items():
        state[name] = value
    return f"{reverse('quickbooks_errors')}?{state.urlencode()}"


def _said(moved: int, noun: str, *, accepts: bool) -> str:
    if accepts:
        return f"What QuickBooks has of {counted(moved, noun)} was accepted."
    if not moved:
        return "Nothing was left to be tried again."
    return f"{counted(moved, noun)} {'is' if moved == 1 else 'are'} being tried again."
