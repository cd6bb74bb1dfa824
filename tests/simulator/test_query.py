"""The query language: grammar, operators, filters, paging, projections and refusals."""

from collections.abc import Callable

import pytest

from tests.simulator.client import Company, Refused, parsed


def ids(found: dict, kind: str = "Customer") -> list[str]:
    """The ids in a QueryResponse."""
    return [each["Id"] for each in found.get(kind, [])]


@pytest.fixture
def people(make_company: Callable[..., Company]) -> Company:
    """Customers with names that are hard to quote."""
    names = ["Amy's Bird Sanctuary", "Back\\slash", "Ünal & Söhne", "100% Pure", "Under_score", "Zed", "zed two"]
    return make_company(
        Customer=[
            {"Id": str(place), "DisplayName": name, "PrimaryEmailAddr": {"Address": f"mail{place}@x.test"},
             "CompanyName": "Zed Group" if "ed" in name else None}
            for place, name in enumerate(names, 1)
        ],
        Vendor=[{"DisplayName": "Vend", "PrimaryEmailAddr": {"Address": "v@x.test"}}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (r"DisplayName = 'Amy\'s Bird Sanctuary'", ["1"]),
        (r"DisplayName = 'Back\\slash'", ["2"]),
        ("DisplayName = 'Ünal & Söhne'", ["3"]),
        ("DisplayName = ' Zed'", []),
        ("DisplayName LIKE '%\\'s Bird%'", ["1"]),
        ("DisplayName like 'zed%'", ["6", "7"]),
        ("DisplayName LIKE '100% Pure'", ["4"]),
        ("DisplayName LIKE 'Under_score'", ["5"]),
        ("DisplayName LIKE 'UnderXscore'", []),
        ("DisplayName IN ('Zed', 'Back\\\\slash')", ["2", "6"]),
        ("PrimaryEmailAddr = 'mail3@x.test'", ["3"]),
        ("CompanyName = 'Zed Group' AND Id > '6'", ["7"]),
        ("Id IN ('1','3', '99')", ["1", "3"]),
        ("DisplayName != 'Zed' AND Id > '5'", ["7"]),
        ("Balance > '0'", []),
        ("Balance <= '0.00' and Id < 3", ["1", "2"]),
        ("Active = true AND Taxable = true", None),
        ("Job = false and Id >= '7'", ["7"]),
        ("MetaData.CreateTime > '2015-01-01'", ["1", "2", "3", "4", "5", "6", "7"]),
        ("Metadata.LastUpdatedTime < '2015-01-01T00:00:00-07:00'", []),
    ],
)
def test_conditions_find_what_they_say(people: Company, where: str, expected: list[str] | None) -> None:
    text = f"select * from Customer where {where} orderby Id"  # noqa: S608
    if expected is None:
        with pytest.raises(Refused) as refused:
            people.query(text)
        assert refused.value.detail == "QueryValidationError: property 'Taxable' is not queryable"
    else:
        assert ids(people.query(text)) == expected


def test_equality_ignores_case_unless_the_company_minds(people: Company) -> None:
    assert ids(people.query("select * from Customer where DisplayName = 'ZED'")) == ["6"]
    people.control("options", {"name_equality": "sensitive"})
    assert people.query("select * from Customer where DisplayName = 'ZED'") == {}
    assert people.query("select * from Customer where DisplayName like 'ZED%'") == {}
    assert ids(people.query("select * from Customer where DisplayName = 'Zed'")) == ["6"]


def test_accents_and_blanks_can_be_made_not_to_count(people: Company) -> None:
    people.control("options", {"name_equality": "folded"})
    assert ids(people.query("select * from Customer where DisplayName = '  unal & SOHNE '")) == ["3"]
    assert ids(people.query("select * from Customer where DisplayName like 'UNAL%'")) == ["3"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Id FROM Customer ORDER BY Id DESC",
        "select Id from Customer ORDERBY Id desc",
        "  SELECT Id\n FROM Customer\tOrderBy Id DESC STARTPOSITION 1 MAXRESULTS 1000",
    ],
)
def test_keywords_are_case_insensitive_and_both_spellings_of_order_work(people: Company, text: str) -> None:
    assert ids(people.query(text)) == ["7", "6", "5", "4", "3", "2", "1"]


def test_pages_are_cut_by_position_and_counted(people: Company) -> None:
    page = people.query("select * from Customer orderby Id startposition 3 maxresults 2")
    assert (ids(page), page["startPosition"], page["maxResults"]) == (["3", "4"], 3, 2)
    assert people.query("select * from Customer startposition 8") == {}
    assert people.query("select count(*) from Customer") == {"totalCount": 7}
    assert people.query("select count(*) from Customer where Id = '99'") == {"totalCount": 0}


def test_the_default_page_is_100_and_transactions_carry_a_total(make_company: Callable[..., Company]) -> None:
    company = make_company(Customer=[{"Id": str(n), "DisplayName": f"C{n:03}"} for n in range(1, 151)])
    assert len(company.query("select * from Customer")["Customer"]) == 100
    company.invoice()
    found = company.query("select * from Invoice")
    assert (found["startPosition"], found["maxResults"], found["totalCount"]) == (1, 1, 1)
    assert "totalCount" not in company.query("select * from Customer maxresults 1000")


def test_projections_give_what_was_asked_for(people: Company) -> None:
    found = people.query("select DisplayName, MetaData.LastUpdatedTime from Customer where Id = '6'")["Customer"][0]
    assert found["DisplayName"] == "Zed"
    assert list(found["MetaData"]) == ["LastUpdatedTime"]
    assert set(found) == {"DisplayName", "MetaData", "domain", "sparse"}


def test_the_star_does_not_stand_for_an_items_sku(company: Company) -> None:
    company.write("Item", {"Name": "Pump", "Sku": "P-1", "IncomeAccountRef": {"value": "1"}, "UnitPrice": 12.5})
    (plain,) = company.query("select * from Item where Name = 'Pump'")["Item"]
    (asked,) = company.query("select *, Sku from Item where Name = 'Pump'")["Item"]
    assert ("Sku" in plain, asked["Sku"], asked["UnitPrice"], plain["UnitPrice"]) == (False, "P-1", 12.5, 12.5)
    assert company.read("Item", asked["Id"])["Sku"] == "P-1"
    with pytest.raises(Refused):
        company.query("select *, Bogus from Item")


def test_invoices_are_found_by_customer_number_date_and_balance(company: Company) -> None:
    one = company.invoice(100, TxnDate="2026-01-05")
    company.invoice(70, customer="2", TxnDate="2026-01-06")
    for where in (
        "CustomerRef = '1'", "DocNumber = '1001'", "TxnDate = '2026-01-05'", "TxnDate < '2026-01-06'",
        "Balance = '100.00'", "TotalAmt > '99.99'", "CustomerRef = '1' AND TxnDate >= '2026-01-01'",
    ):  # fmt: skip
        assert ids(company.query(f"select * from Invoice where {where}"), "Invoice") == [one["Id"]], where  # noqa: S608
    assert company.query("select * from Payment") == {}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("select * frm Customer", "4000", "QueryParserError: Encountered"),
        ("select * from Customer where DisplayName = 'X's'", "4000", "at line 1, column 47"),
        ("select * from Customer where DisplayName = 'open", "4000", "Lexical error at line 1"),
        ("select * from Customer where Id = '1' or Id = '2'", "4001", "QueryValidationError: OR"),
        ("select * from Customer where Id ! '1'", "4000", "Lexical error"),
        ("select * from Customer; delete from Customer", "4000", "Lexical error"),
        ("delete from Customer", "4000", "Encountered"),
        ("", "4000", "QueryParserError"),
        ("select", "4000", "Encountered"),
        ("select * from Kangaroo", "4001", "Kangaroo"),
        ("select * from Customer where Bogus = '1'", "4001", "Property Bogus not found for Entity Customer"),
        ("select * from Customer where PrimaryEmailAddr.Address = 'a'", "4001", "not found for Entity Customer"),
        ("select * from Vendor where PrimaryEmailAddr = 'v@x.test'", "4001", "is not queryable"),
        ("select * from Invoice where PrivateNote = 'x'", "4001", "is not queryable"),
        ("select * from Customer startposition 0", "4001", "value 0 is too small. Min allowed value is 1"),
        ("select * from Customer startposition 99999999999999999999", "4001", "too large"),
        ("select * from Customer maxresults 1001", "4001", "value 1001 is too large. Max allowed value is 1000"),
        ("select * from Customer maxresults -1", "4001", "too small"),
        ("select Bogus from Customer", "4001", "Property Bogus not found"),
        ("select * from Customer orderby Bogus", "4001", "Property Bogus not found"),
        ("select * from Customer where Active = 'perhaps'", "4001", "Active"),
        ("select * from Customer where MetaData.CreateTime > 'soon'", "4001", "CreateTime"),
        ("select * from Customer where Balance > 'much'", "4001", "Balance"),
        ("select * from Customer where DisplayName like '" + "%a" * 5000 + "'", "4001", "too long"),
        ("select * from Customer where " + "(" * 5000 + "Id = '1'" + ")" * 5000 + " bogus", "4000", "Encountered"),
    ],
)
def test_what_is_no_query_is_refused_with_its_place(people: Company, text: str, code: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        people.query(text)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert words in refused.value.detail


def test_a_parser_error_names_what_it_met_and_all_that_it_expected(people: Company) -> None:
    with pytest.raises(Refused) as refused:
        people.query("select * from Vendor where DisplayName = 'Cutlery 'R Us'")
    after_a_condition = ["<EOF> ", "<AND> ...", '"iterator" ...', '"maxresults" ...', "<OR> ...", '"order" ...',
                         '"orderby" ...', '"startposition" ...']  # fmt: skip
    assert refused.value.detail.split("\n    ") == [
        'QueryParserError: Encountered " <IDENTIFIER> "R "" at line 1, column 52.\nWas expecting one of:',
        *after_a_condition,
        "",
    ]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "The query provided was empty"),
        ("frm", 'Encountered " <IDENTIFIER> "frm "" at line 1, column 1.\nWas expecting:\n    "select" ...\n    '),
        ("select * from", 'Encountered "<EOF>" at line 1, column 13.\nWas expecting:\n    <IDENTIFIER> ...\n    '),
        ("select % from", 'Invalid content. Lexical error at line 1, column 8.  Encountered: "%" (37), after : ""'),
    ],
)
def test_parser_errors_have_the_recorded_words(people: Company, text: str, detail: str) -> None:
    with pytest.raises(Refused) as refused:
        people.query(text)
    assert refused.value.detail == f"QueryParserError: {detail}"


@pytest.mark.parametrize(
    "value", ["x' OR 1=1 --", "x'; DROP TABLE entity; --", '"); DROP TABLE entity; --', "%' ESCAPE '!", "\x00", "${x}"]
)
def test_injections_find_nothing_and_harm_nothing(people: Company, value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    assert people.query(f"select * from Customer where DisplayName = '{quoted}'") == {}  # noqa: S608
    assert people.query(f"select * from Customer where DisplayName like '{quoted}'") == {}  # noqa: S608
    assert people.query("select count(*) from Customer") == {"totalCount": 7}


def test_a_get_query_and_an_empty_answer_have_the_recorded_shape(people: Company) -> None:
    answer = people.get("query", query="select * from Customer where Id = '99'")
    assert set(parsed(answer)) == {"QueryResponse", "time"}
    assert parsed(answer)["QueryResponse"] == {}
    amp = people.get("query", query="select Id from Customer where DisplayName = 'Ünal & Söhne'")
    assert ids(amp.json()["QueryResponse"]) == ["3"]
