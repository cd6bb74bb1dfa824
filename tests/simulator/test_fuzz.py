"""Bodies and queries put together at random: always an answer of Intuit's kind, never the simulator's own failure."""

from collections.abc import Callable
from typing import Any

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.client import Company, sale_line

KINDS = ["Customer", "Vendor", "Item", "Invoice", "Payment", "CreditMemo", "Deposit", "Bill", "JournalEntry"]
PROPERTIES = [
    "DisplayName", "Name", "CustomerRef", "VendorRef", "TotalAmt", "Line", "TxnDate", "DocNumber", "ParentRef",
    "Active",
    "BillAddr", "PrimaryEmailAddr", "CurrencyRef", "DepositToAccountRef", "TxnTaxDetail", "CustomField", "Balance",
    "AccountType", "IncomeAccountRef", "PrivateNote", "GlobalTaxCalculation", "LinkedTxn", "SalesTermRef",
]  # fmt: skip
LINKED = {"Amount": 5, "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
SCALARS = st.sampled_from(
    [None, "", "x", "1", "TAX", "2026-01-01", True, False, 0, -5, 5, 10**20, 0.005, "1e9", "\x00"]
)
VALUES = st.recursive(
    SCALARS | st.sampled_from([{"value": "1"}, {"value": None}, [sale_line(5)], [LINKED], {"Address": "a@x.test"}]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "Amount", "Id"]), inner),
    max_leaves=4,
)
BODIES = st.dictionaries(st.sampled_from(PROPERTIES), VALUES, max_size=6)
WORDS = st.sampled_from(
    ["select", "*", "Id", "DisplayName", "count(*)", "from", "Customer", "Invoice", "where", "=", "!=", "like", "in",
     "(",
     ")", "'%'", "'1'", "1", "-1", "true", "and", "orderby", "desc", "startposition", "maxresults",
     "MetaData.CreateTime",
     "'2026-01-01'", "Balance", "TxnDate", "'", "\\", ",", "9" * 25]
)  # fmt: skip
RUNS = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def check(answer: requests.Response) -> None:
    """An answer of Intuit's kind."""
    assert answer.status_code in (200, 400), answer.text
    assert ("Fault" in answer.json()) == (answer.status_code == 400)


def test_random_writes_are_answered_and_the_balances_stay_right(make_company: Callable[..., Company]) -> None:
    company = make_company(Customer=[{"Id": "1", "DisplayName": "A"}, {"Id": "2", "DisplayName": "B"}])
    company.invoice(100)

    @RUNS
    @given(st.sampled_from(KINDS), BODIES, st.sampled_from(["create", "update", "delete", "void"]), st.integers(1, 3))
    def write(kind: str, body: dict[str, Any], operation: str, number: int) -> None:
        if operation != "create":
            body = {**body, "Id": str(number), "SyncToken": "0", "sparse": True}
        params = {} if operation in ("create", "update") else {"operation": operation}
        check(company.post(kind.lower(), body, params=params))

    write()

    def total(kind: str, name: str) -> float:
        entities = company.control(f"entities/{kind}", method="GET")
        return float(sum(each[name] for each in entities if each.get("status") != "Deleted"))

    owed = total("Invoice", "Balance") - total("Payment", "UnappliedAmt") - total("CreditMemo", "Balance")
    assert round(owed, 2) == round(total("Customer", "Balance"), 2)


def test_random_queries_are_answered(company: Company) -> None:
    @RUNS
    @given(st.lists(WORDS, max_size=12), st.booleans())
    def ask(words: list[str], whole: bool) -> None:
        begin = ["select", "*", "from", "Customer", "where"] if whole else []
        check(company.get("query", query=" ".join(begin + words)))

    ask()
