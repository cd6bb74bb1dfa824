"""Settings > Team > Accounts of a person: which accounts they work for, changed many at a time."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from accounts.selectors import AccountQuery, accounts_found, paginate
from accounts.services import BooksError, member_assign, member_take_off
from portal.access import MemberRequest, manager_required
from portal.models import Membership

MOST_TICKED = 1000


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def member_accounts(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the accounts that a person is assigned to, or all others; assign them, or take the person off."""
    member = get_object_or_404(Membership.objects.filter(firm=request.firm).select_related("user", "firm"), pk=pk)
    others = request.GET.get("show") == "others"
    query = AccountQuery.from_params({name: request.GET.get(name, "") for name in ("q", "page")})
    found = accounts_found(request.membership, query)
    mine = Account.team.through._default_manager.filter(membership=member).values("account")
    found = found.exclude(pk__in=mine) if others else found.filter(pk__in=mine)
    if request.method == "POST":
        return _change(request, member, found, others=others)
    context = {"member": member, "others": others, "query": query, "page": paginate(found, found, query.page)}
    return render(request, "accounts/member_accounts.html", context)


def _change(request: MemberRequest, member: Membership, found: QuerySet[Account], *, others: bool) -> HttpResponse:
    """Do it for the ticked accounts, or for all that the search finds; then show the same list again."""
    if "all" not in request.POST:
        ticked = [pk for pk in request.POST.getlist("account")[:MOST_TICKED] if pk.isdecimal() and len(pk) < 19]
        found = Account.objects.visible_to(request.membership).filter(pk__in=ticked)
    try:
        number = (member_assign if others else member_take_off)(member=member, accounts=found)
    except BooksError as error:
        messages.error(request, str(error))
        return redirect("team")
    if number:
        counted = f"{intcomma(number)} account{'' if number == 1 else 's'}"
        done = f"{member.user} was assigned to {counted}." if others else f"{member.user} was taken off {counted}."
        messages.success(request, done)
    else:
        messages.warning(request, "No account was ticked, so nothing was changed.")
    kept = {name: request.GET[name] for name in ("show", "q") if request.GET.get(name)}
    return redirect(f"{reverse('member_accounts', args=[member.pk])}?{urlencode(kept)}")
