"""The pages that stand outside of any firm: errors, the admin site, and what every page must not contain."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from portal.models import User
from tests.portal.people import PASSWORD, Office, browser_of


def test_an_unknown_address_says_so_and_leads_back(office: Office) -> None:
    answer = browser_of(office.owner).get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_the_page_of_an_error_needs_nothing_but_its_template() -> None:
    assert "Something went wrong" in render_to_string("500.html")


def test_no_page_holds_a_script_or_style_of_its_own_or_of_another_site(office: Office) -> None:
    account = office.account(contacts=[])
    olivia = browser_of(office.owner)
    addresses = [
        reverse("account_list"),
        reverse("account_create"),
        reverse("books_import"),
        account.get_absolute_url(),
    ]
    addresses += [reverse(name, args=[account.pk]) for name in ("account_invoices", "payment_create", "invoice_create")]
    for address in addresses:
        page = olivia.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), address
        assert not re.search(r"\s(style|on\w+)=", page), address
        assert not re.search(r'(src|href)="(https?:)?//', page), address


def test_the_menu_marks_the_page_that_is_open_and_hides_settings_from_employees(office: Office) -> None:
    page = browser_of(office.owner).get(reverse("account_list")).content.decode()
    assert re.search(r'href="/clients/accounts/"\s+aria-current="page"', page)
    assert "Integrations" in page
    assert "Integrations" not in browser_of(office.employee).get(reverse("account_list")).content.decode()


@pytest.mark.parametrize(
    "model", ["portal/user", "portal/firm", "accounts/account", "accounts/invoice", "accounts/payment"]
)
def test_operations_find_things_on_the_admin_site(client: Client, office: Office, model: str) -> None:
    office.account()
    client.force_login(User.objects.create_superuser("ops@example.com", PASSWORD, name="Otto Ops"))
    assert client.get(f"/admin/{model}/?q=mary").status_code == 200
    assert client.get(f"/admin/{model}/add/").status_code in (200, 403)
