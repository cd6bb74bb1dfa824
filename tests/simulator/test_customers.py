"""Customers: names across lists, "(deleted)", hierarchy, updates, merge."""

import pytest

from tests.simulator.client import Company, Refused


def test_a_new_customer_has_the_recorded_defaults(company: Company) -> None:
    made = company.write("Customer", {"DisplayName": "Doe5, Jane"})
    expected = {
        "Taxable": True, "Job": False, "BillWithParent": False, "Balance": 0, "BalanceWithJobs": 0,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"}, "PreferredDeliveryMethod": "Print",
        "domain": "QBO", "sparse": False, "SyncToken": "0", "FullyQualifiedName": "Doe5, Jane",
        "DisplayName": "Doe5, Jane", "PrintOnCheckName": "Doe5, Jane", "Active": True,
        "DefaultTaxCodeRef": {"value": "2"},
    }  # fmt: skip
    assert {name: made[name] for name in expected} == expected


def test_a_name_is_put_together_from_its_parts(company: Company) -> None:
    made = company.write("Customer", {"Title": "Ms.", "GivenName": "Ana", "FamilyName": "José", "Suffix": "Jr."})
    assert made["DisplayName"] == "Ms. Ana José Jr."
    assert made["PrintOnCheckName"] == "Ana José"


@pytest.mark.parametrize("kind", ["Customer", "Vendor", "Employee"])
@pytest.mark.parametrize("name", ["amy's bird sanctuary", "CAL TELEPHONE", "Emily Platt"])
def test_a_name_is_unique_across_customers_vendors_and_employees(company: Company, kind: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        company.write(kind, {"DisplayName": name})
    assert (refused.value.status, refused.value.code) == (400, "6240")


@pytest.mark.parametrize("name", ["West: East", "a\tb", "a\nb"])
@pytest.mark.parametrize("code", ["2040", "6000"])
def test_colon_tab_and_newline_are_refused_in_names(company: Company, name: str, code: str) -> None:
    company.control("options", {"forbidden_character_code": code})
    with pytest.raises(Refused) as refused:
        company.write("Customer", {"DisplayName": name})
    assert refused.value.code == code


def test_hard_names_are_kept_as_they_are(company: Company) -> None:
    for name in ("O'Brien & Sons", 'Back\\slash "quoted"', "Zoë Łukasz 東京 🙂", "50% off", "x" * 500):
        made = company.write("Customer", {"DisplayName": name})
        assert company.read("Customer", made["Id"])["DisplayName"] == name


def test_an_inactive_customer_gives_its_name_free_and_gets_it_back(company: Company) -> None:
    amy = company.read("Customer", "1")
    gone = company.update("Customer", amy, Active=False)
    assert gone["DisplayName"] == gone["FullyQualifiedName"] == "Amy's Bird Sanctuary (deleted)"
    assert gone["PrintOnCheckName"] == "Amy's Bird Sanctuary"
    second = company.write("Customer", {"DisplayName": "Amy's Bird Sanctuary"})
    gone_too = company.update("Customer", second, Active=False)
    assert gone_too["DisplayName"] == "Amy's Bird Sanctuary (deleted 1)"
    back = company.update("Customer", gone, Active=True)
    assert back["DisplayName"] == "Amy's Bird Sanctuary"
    with pytest.raises(Refused) as refused:
        company.update("Customer", gone_too, Active=True)
    assert refused.value.code == "6240"


def test_an_inactive_name_can_be_made_to_block(company: Company) -> None:
    company.control("options", {"inactive_name": "blocked"})
    gone = company.update("Customer", company.read("Customer", "1"), Active=False)
    with pytest.raises(Refused) as refused:
        company.write("Customer", {"DisplayName": "AMY'S Bird Sanctuary"})
    assert refused.value.code == "6240"
    assert company.update("Customer", gone, Active=True)["DisplayName"] == "Amy's Bird Sanctuary"


def test_inactive_customers_are_read_but_not_listed(company: Company) -> None:
    company.update("Customer", company.read("Customer", "2"), Active=False)
    assert company.read("Customer", "2")["Active"] is False
    assert [each["Id"] for each in company.query("select * from Customer")["Customer"]] == ["1"]
    both = company.query("select * from Customer where Active in (true, false) orderby Id")
    assert [each["Id"] for each in both["Customer"]] == ["1", "2"]


@pytest.mark.parametrize("code", ["2500", "610"])
def test_an_inactive_customer_cannot_be_used(company: Company, code: str) -> None:
    company.control("options", {"inactive_reference_code": code})
    company.update("Customer", company.read("Customer", "2"), Active=False)
    with pytest.raises(Refused) as refused:
        company.invoice(customer="2")
    assert refused.value.code == code
    assert "has been made inactive" in refused.value.detail


def test_a_sparse_update_leaves_and_a_full_update_blanks_what_is_not_sent(company: Company) -> None:
    made = company.write("Customer", {"DisplayName": "Geeta", "Notes": "Calls on Fridays", "CompanyName": "G Ltd"})
    sparse = company.update("Customer", made, CompanyName="Geeta Ltd")
    assert (sparse["Notes"], sparse["SyncToken"]) == ("Calls on Fridays", "1")
    full = company.write("Customer", {"Id": made["Id"], "SyncToken": "1", "DisplayName": "Geeta"})
    assert "Notes" not in full
    assert "CompanyName" not in full
    assert full["MetaData"]["CreateTime"] == made["MetaData"]["CreateTime"]


def test_an_update_needs_the_present_synctoken(company: Company) -> None:
    amy = company.read("Customer", "1")
    company.update("Customer", amy, Notes="first")
    with pytest.raises(Refused) as stale:
        company.update("Customer", amy, Notes="second")
    assert stale.value.code == "5010"
    assert "were working on this at the same time" in stale.value.detail
    with pytest.raises(Refused) as missing:
        company.write("Customer", {"Id": "1", "sparse": True, "Notes": "third"})
    assert (missing.value.code, missing.value.element) == ("2020", "SyncToken")
    assert company.read("Customer", "1")["Notes"] == "first"


def test_sub_customers_are_named_and_levelled_under_their_parent(company: Company) -> None:
    child = company.write("Customer", {"DisplayName": "55 Twin Lane", "ParentRef": {"value": "1"}, "Job": True})
    assert child["FullyQualifiedName"] == "Amy's Bird Sanctuary:55 Twin Lane"
    assert (child["Level"], child["Job"], child["ParentRef"]) == (1, True, {"value": "1"})
    company.update("Customer", company.read("Customer", "1"), DisplayName="Amy's Birds")
    assert company.read("Customer", child["Id"])["FullyQualifiedName"] == "Amy's Birds:55 Twin Lane"


def test_customers_nest_five_levels_and_never_in_a_circle(company: Company) -> None:
    parent = "1"
    for level in range(1, 5):
        parent = company.write("Customer", {"DisplayName": f"Level {level}", "ParentRef": {"value": parent}})["Id"]
    with pytest.raises(Refused) as deep:
        company.write("Customer", {"DisplayName": "Level 5", "ParentRef": {"value": parent}})
    assert deep.value.code == "6000"
    with pytest.raises(Refused) as circle:
        company.update("Customer", company.read("Customer", "1"), ParentRef={"value": parent})
    assert circle.value.code == "6000"


def test_balances_go_up_to_the_parents(company: Company) -> None:
    child = company.write("Customer", {"DisplayName": "Kid", "ParentRef": {"value": "1"}})
    company.invoice(30, customer=child["Id"])
    company.invoice(12.5)
    amy, kid = company.read("Customer", "1"), company.read("Customer", child["Id"])
    assert (amy["Balance"], amy["BalanceWithJobs"], amy["SyncToken"]) == (12.5, 42.5, "0")
    assert (kid["Balance"], kid["BalanceWithJobs"]) == (30, 30)


def test_a_merge_moves_transactions_and_balance_and_hides_the_loser(company: Company) -> None:
    invoice = company.invoice(80, customer="2")
    company.payment(20, customer="2")
    company.control("merge", {"entity": "Customer", "from": "2", "into": "1"})
    assert company.read("Invoice", invoice["Id"])["CustomerRef"]["value"] == "1"
    assert company.read("Customer", "1")["Balance"] == 60
    gone = company.read("Customer", "2")
    assert (gone["Active"], gone["Balance"], gone["DisplayName"]) == (False, 0, "Weiskopf Consulting (deleted)")


def test_a_merged_away_customer_can_be_unreadable(company: Company) -> None:
    company.control("options", {"merged_read": "gone"})
    company.control("merge", {"from": "2", "into": "1"})
    with pytest.raises(Refused) as refused:
        company.read("Customer", "2")
    assert refused.value.code == "610"


def test_customer_types_can_be_read_and_used_but_not_made(company: Company) -> None:
    found = company.query("select * from CustomerType where Name = 'Individual'")["CustomerType"]
    made = company.write("Customer", {"DisplayName": "Ida", "CustomerTypeRef": {"value": found[0]["Id"]}})
    assert made["CustomerTypeRef"] == {"value": found[0]["Id"]}
    assert "CustomerTypeRef" not in company.read("Customer", "1")
    with pytest.raises(Refused) as refused:
        company.write("CustomerType", {"Name": "Trust"})
    assert refused.value.code == "500"


def test_customers_cannot_be_deleted(company: Company) -> None:
    with pytest.raises(Refused) as refused:
        company.delete("Customer", company.read("Customer", "1"))
    assert refused.value.code == "500"
    assert company.read("Customer", "1")["Active"] is True
