"""The row guard: what it lets through and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from pytest_django import DjangoAssertNumQueries

from accounts import services as books
from accounts.models import Account, Contact, Invoice, InvoiceLine
from portal import isolation
from portal.access import FirmMiddleware, MemberRequest, member_required
from portal.isolation import FirmOwned, OtherFirmsRow
from portal.models import Firm, Membership
from portal.ownership import ways_to_firm
from qbsync.models import AccountSync, Connection
from tests.qbsync.desk import Desk
from tests.qbsync.desk import desk as desk


@pytest.fixture
def theirs(desk: Desk) -> Account:
    """An account of Nadia's firm."""
    account = books.account_create(firm=desk.nadia.firm, name="Elsewhere")
    Contact.objects.create(account=account, name="Ann")
    return account


def test_every_model_of_a_firm_is_guarded() -> None:
    made_by_hand = set(apps.get_models())
    assert [model for model in ways_to_firm() if model in made_by_hand and not issubclass(model, FirmOwned)] == []


def test_a_row_of_another_firm_is_not_loaded_and_the_log_says_which(
    desk: Desk, theirs: Account, caplog: pytest.LogCaptureFixture
) -> None:
    mine = desk.account("Acme")
    with isolation.unguarded(), caplog.at_level(logging.ERROR):
        isolation.serve(desk.firm)
        assert Account.objects.get(pk=mine.pk) == mine
        with pytest.raises(OtherFirmsRow):
            Account.objects.get(pk=theirs.pk)
    assert f"accounts.Account {theirs.pk} was loaded for firm {desk.firm.pk}" in caplog.text
    assert "Elsewhere" not in caplog.text


def test_what_belongs_to_a_row_of_another_firm_is_not_loaded_either(desk: Desk, theirs: Account) -> None:
    with isolation.unguarded():
        isolation.serve(desk.firm)
        for rows in (Contact.objects.all(), Membership.objects.filter(user=desk.nadia.user), Firm.objects.all()):
            with pytest.raises(OtherFirmsRow):
                list(rows)
        with pytest.raises(OtherFirmsRow):
            list(Contact.objects.select_related("account"))


def test_a_row_is_followed_to_its_firm_by_way_of_what_it_belongs_to(desk: Desk) -> None:
    desk.invoice(desk.synced("Acme"))
    with isolation.unguarded():
        isolation.serve(desk.firm)
        assert InvoiceLine.objects.get().invoice.account.name == "Acme"
        assert AccountSync.objects.get().connection == desk.connection


def test_a_row_without_the_column_that_says_whose_it_is_is_asked_for_it(desk: Desk, theirs: Account) -> None:
    mine = desk.account("Acme")
    with isolation.unguarded():
        isolation.serve(desk.firm)
        assert Account.objects.only("name").get(pk=mine.pk).name == "Acme"
        with pytest.raises(OtherFirmsRow):
            Account.objects.only("name").get(pk=theirs.pk)


def test_rows_whose_owner_is_known_are_not_asked_for_once_more(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("Acme", "Birch"):
        desk.invoice(desk.synced(name))
    firm = Firm.objects.select_related("quickbooks").get(pk=desk.firm.pk)
    with isolation.unguarded():
        isolation.serve(firm)
        with django_assert_num_queries(3):
            assert len(AccountSync.objects.filter(connection=firm.quickbooks)) == 2
            assert len(Invoice.objects.filter(firm=firm).prefetch_related("lines")) == 2


def test_the_guard_stands_while_a_guarded_view_answers_and_while_its_answer_is_sent(
    desk: Desk, theirs: Account
) -> None:
    def rows() -> Iterator[bytes]:
        yield b"before"
        yield Account.objects.get(pk=theirs.pk).name.encode()

    @member_required()
    def view(request: MemberRequest) -> StreamingHttpResponse:
        with pytest.raises(OtherFirmsRow):
            Account.objects.get(pk=theirs.pk)
        return StreamingHttpResponse(rows())

    answer = _served(desk, view)
    assert isinstance(answer, StreamingHttpResponse)
    assert Account.objects.get(pk=theirs.pk) == theirs, "the guard went with the view"
    with pytest.raises(OtherFirmsRow):
        list(answer)
    assert Account.objects.get(pk=theirs.pk) == theirs, "and with the answer"


def test_views_for_anybody_are_not_guarded(desk: Desk) -> None:
    Connection.objects.update(status="disconnected")
    answer = _served(desk, lambda request: HttpResponse(str(Firm.objects.count() + len(Firm.objects.all()))))
    assert answer.getvalue() == b"4"


def _served(desk: Desk, view: Callable[[HttpRequest], Any]) -> HttpResponse | StreamingHttpResponse:
    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(lambda: desk.olivia.user)  # type: ignore[assignment]
    request.session = {}  # type: ignore[assignment]

    def get_response(request: HttpRequest) -> HttpResponse:
        request.user = desk.olivia.user
        return view(request)

    return FirmMiddleware(get_response)(request)  # type: ignore[return-value]
