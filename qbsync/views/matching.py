"""The match queue: the accounts that need a customer, one after the other, and those that are sure all at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Account
from portal.access import MemberRequest, manager_required, member_required
from qbsync import presentation, services
from qbsync.choosing import chosen_customer
from qbsync.models import Connection
from qbsync.payloads import name_problem
from qbsync.selectors import connection_of, customers_found, names_held, standing, with_standing
from qbsync.selectors.match_queue import (
    PER_PAGE,
    SURE_AT_ONCE,
    queue_page,
    sure_matches,
    waiting_accounts,
    with_suggestions,
)
from qbsync.services import Refused
from qbsync.states import Ask, Status
from qbsync.views.answers import REFUSED, is_htmx, searched_for, visible_account
from qbsync.wording import explain


@require_GET
@manager_required
def queue(request: MemberRequest) -> HttpResponse:
    """Show a page of the accounts that need a customer, beside the customers they may mean."""
    connection = connection_of(request.firm)
    context: dict[str, Any] = {
        "connection": connection,
        "is_usable": _is_usable(connection),
        "is_owner": request.membership.is_owner,
        "per_page": PER_PAGE,
    }
    if connection is not None and context["is_usable"]:
        context["page"] = page = queue_page(request.membership, connection, _number(request.GET.get("page"), 1))
        held = names_held(connection, [waiting.account for waiting in page.rows])
        context["rows"] = [
            _row(waiting.account) | {"waiting": waiting, "name_held": held.get(waiting.account.pk, "")}
            for waiting in page.rows
        ]
        context["done"] = _done(request, request.GET.get("done"))
    return render(request, "qbsync/match_queue.html", context)


@require_http_methods(["GET", "POST"])
@manager_required
def account(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one account of the queue, with a search over all customers; on POST do what was pressed for it."""
    shown, connection = visible_account(request, pk), connection_of(request.firm)
    if connection is None or not _is_usable(connection):
        return redirect("quickbooks_match_queue")
    error = ""
    if request.method == "POST":
        try:
            _press(request, shown, connection)
        except Refused as refused:
            error = str(refused)
        else:
            if is_htmx(request):
                return _row_response(request, {**_done_row(request, pk), **_left(request, connection)})
            return redirect(
                f"{reverse('quickbooks_match_queue')}?done={pk}&page={_number(request.POST.get('page'), 1)}"
            )
    return _row_response(request, _searched(request, shown, connection, error), error)


@require_http_methods(["GET", "POST"])
@manager_required
def sure(request: MemberRequest) -> HttpResponse:
    """Show which pairs of account and customer are sure; on POST link those that are ticked."""
    connection = connection_of(request.firm)
    if connection is None or not _is_usable(connection):
        return redirect("quickbooks_match_queue")
    refused: list[tuple[Account, str]] = []
    if request.method == "POST":
        try:
            linked, refused = _link_all(request, connection)
        except Refused as no:
            messages.error(request, str(no))
            return redirect("quickbooks_match_queue")
        if linked:
            messages.success(request, f"{presentation.counted(linked, 'account')} being linked.")
        if not refused:
            return redirect("quickbooks_match_queue")
    start = _number(request.GET.get("start"), 0)
    pairs, total = sure_matches(request.membership, connection, start)
    context = {
        "pairs": pairs,
        "refused": refused,
        "start": start,
        "searched": min(total, start + SURE_AT_ONCE),
        "total": total,
        "connection": connection,
    }
    return render(request, "qbsync/match_sure.html", context, status=REFUSED if refused else 200)


@require_GET
@member_required()
def explained(request: MemberRequest) -> HttpResponse:
    """Say how accounts and customers are matched."""
    return render(request, "qbsync/how_matching_works.html")


def _press(request: MemberRequest, shown: Account, connection: Connection) -> None:
    """Do what the button says.

    Raises:
        Refused: it cannot be done, or the account is not in the queue any more; nothing was changed.
    """
    by, verb = request.membership.user, request.POST.get("do", "")
    if verb == "undo":
        _undo(request, shown)
        return
    if not waiting_accounts(request.membership, connection).filter(pk=shown.pk).exists():
        label = presentation.LABELS[standing(shown).status]
        raise Refused(f"Somebody has dealt with {shown.name} meanwhile: it is {label} now. Nothing was changed.")
    match verb:
        case "link":
            chosen = chosen_customer(connection, request.POST.get("customer", ""))
            services.account_sync(account=shown, by=by, customer=chosen.customer, reactivate=chosen.reactivate)
        case "create":
            if problem := name_problem(shown.name):
                raise Refused(f"{problem.sentence} Rename the account first, or choose a customer.")
            if held := names_held(connection, [shown]).get(shown.pk):
                raise Refused(f"{held} Rename the account first, or choose a customer.")
            services.account_create_customer(account=shown, by=by)
        case "skip":
            services.account_unsync(account=shown, by=by)
        case _:
            raise Refused("Choose what to do: link, create or skip.")


def _undo(request: MemberRequest, shown: Account) -> None:
    """Take the last press back: a skipped account is looked for again, one that is being linked is skipped."""
    match standing(shown).status:
        case Status.SKIPPED:
            services.account_sync(account=shown, by=request.membership.user)
        case Status.SYNCING | Status.SYNCED:
            services.account_unsync(account=shown, by=request.membership.user)
        case _:
            raise Refused(f"There is nothing to take back for {shown.name}.")


def _link_all(request: MemberRequest, connection: Connection) -> tuple[int, list[tuple[Account, str]]]:
    """Link each ticked pair, given as ``account:customer``; return how many, and who was refused, and why.

    Those that somebody has dealt with meanwhile are left alone. A constant number of statements.
    """
    ticked: dict[int, int] = {}
    for pair in request.POST.getlist("pair")[:SURE_AT_ONCE]:
        account_key, _, customer_key = pair.partition(":")
        ticked[_number(account_key, 0)] = _number(customer_key, 0)
    waiting = list(waiting_accounts(request.membership, connection).filter(pk__in=ticked))
    if not waiting:
        return 0, []
    pairs = [(account, ticked[account.pk]) for account in waiting]
    done = services.accounts_link(firm=request.firm, pairs=pairs, by=request.membership.user)
    return done.count, done.refused


def _row(account: Account) -> dict[str, Any]:
    """What ``_match_row.html`` needs of an account, besides its suggestions."""
    sync = account.quickbooks
    sentence, remedy = explain(sync.reason, sync.detail)
    return {"account": account, "sentence": sentence, "remedy": remedy, "name_problem": name_problem(account.name)}


def _searched(request: MemberRequest, shown: Account, connection: Connection, error: str) -> dict[str, Any]:
    """The row with what its search found among all customers, and with why a press was refused."""
    account = waiting_accounts(request.membership, connection).filter(pk=shown.pk).first()
    if account is None:
        return {**_done_row(request, shown.pk), "error": error}
    query = searched_for(request)
    found = customers_found(account, connection, query) if query else None
    return {
        **_row(account),
        "waiting": with_suggestions(account, connection),
        "name_held": names_held(connection, [account]).get(account.pk, ""),
        "q": query,
        "found": found,
        "error": error,
    }


def _row_response(request: MemberRequest, row: dict[str, Any], error: str = "") -> HttpResponse:
    if is_htmx(request):
        return render(request, "qbsync/_match_row.html", row)
    connection = connection_of(request.firm)
    context = {"connection": connection, "is_usable": True, "rows": [row], "is_one": True}
    return render(request, "qbsync/match_queue.html", context, status=REFUSED if error else 200)


def _done_row(request: MemberRequest, pk: int) -> dict[str, Any]:
    """What the row says once its account has left the queue: where it stands now, and what can be taken back."""
    account = with_standing(Account.objects.visible_to(request.membership), request.firm).filter(pk=pk).first()
    if account is None:
        raise Http404
    now = standing(account)
    sync = now.sync
    return {
        "account": account,
        "is_done": True,
        "standing": now,
        "label": presentation.LABELS[now.status],
        "target": (sync.customer or sync.asked_customer) if sync else None,
        # A customer that is being created cannot be taken back
        "may_undo": now.status in (Status.SKIPPED, Status.SYNCED)
        or bool(sync and sync.ask in (Ask.LINK, Ask.ACTIVATE)),
    }


def _done(request: MemberRequest, key: str | None) -> dict[str, Any] | None:
    """The account that was dealt with a moment ago, for the note above the queue."""
    number = _number(key, 0)
    if not number or not Account.objects.visible_to(request.membership).filter(pk=number).exists():
        return None
    return _done_row(request, number)


def _left(request: MemberRequest, connection: Connection) -> dict[str, Any]:
    return {"left": waiting_accounts(request.membership, connection).count(), "is_update": True}


def _is_usable(connection: Connection | None) -> bool:
    return connection is not None and connection.is_ready


def _number(text: str | None, otherwise: int) -> int:
    """The number that a parameter holds; another where it is none, or one that no row can have."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else otherwise
