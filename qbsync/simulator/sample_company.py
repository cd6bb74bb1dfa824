"""Owns the sample company, in the manner of Intuit's sandboxes: for client suites that expect something to be there."""

from typing import Any


def _address(line: str, city: str, code: str) -> dict[str, Any]:
    return {"Line1": line, "City": city, "CountrySubDivisionCode": "CA", "PostalCode": code}


def _customer(number: int, name: str, given: str, family: str, **more: Any) -> dict[str, Any]:
    return {
        "Id": str(number), "DisplayName": name, "GivenName": given, "FamilyName": family,
        "PrimaryEmailAddr": {"Address": f"{given}.{family}@simulator.test".lower()},
        "BillAddr": _address(f"{number} Main St.", "Bayshore", "94326"), **more,
    }  # fmt: skip


def _invoice(number: int, customer: int, day: str, *lines: tuple[str, str, int]) -> dict[str, Any]:
    return {
        "Id": str(number), "DocNumber": str(1000 + number), "CustomerRef": {"value": str(customer)}, "TxnDate": day,
        "Line": [
            {"Amount": amount, "Description": words, "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount}}
            for item, words, amount in lines
        ],
    }  # fmt: skip


def _paid(number: int, customer: int, day: str, invoice: int, amount: int) -> dict[str, Any]:
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": str(invoice), "TxnType": "Invoice"}]}
    return {
        "Id": str(number), "CustomerRef": {"value": str(customer)}, "TotalAmt": amount, "TxnDate": day, "Line": [line],
        "PaymentMethodRef": {"value": "2"}, "PaymentRefNum": str(10_000 + number),
    }  # fmt: skip


_INCOME = {"IncomeAccountRef": {"value": "7"}}
SAMPLE: dict[str, list[dict[str, Any]]] = {
    "Account": [
        {"Id": "41", "Name": "Visa", "AccountType": "Credit Card", "AccountSubType": "CreditCard"},
        {"Id": "45", "Name": "Landscaping Services", "AccountType": "Income", "AccountSubType": "ServiceFeeIncome"},
    ],
    "CustomerType": [{"Name": "Individual"}, {"Name": "Business"}],
    "Vendor": [
        {"Id": "30", "DisplayName": "Books by Bessie", "GivenName": "Bessie", "FamilyName": "Williams"},
        {"Id": "31", "DisplayName": "Brosnahan Insurance Agency", "CompanyName": "Brosnahan Insurance Agency"},
        {"Id": "46", "DisplayName": "Norton Lumber and Building Materials"}, {"Id": "48", "DisplayName": "PG&E"},
    ],
    "Employee": [
        {"Id": "54", "GivenName": "Emily", "FamilyName": "Platt"}, {"Id": "55", "GivenName": "John",
        "FamilyName": "Johnson"},
    ],
    "Customer": [
        _customer(1, "Amy's Bird Sanctuary", "Amy", "Lauterbach", CompanyName="Amy's Bird Sanctuary"),
        _customer(2, "Bill's Windsurf Shop", "Bill", "Lucchini", SalesTermRef={"value": "3"}),
        _customer(3, "Cool Cars", "Grace", "Pariente"), _customer(4, "Diego Rodriguez", "Diego", "Rodriguez"),
        _customer(5, "Dukes Basketball Camp", "Peter", "Dukes"), _customer(6, "Dylan Sollfrank", "Dylan", "Sollfrank"),
        _customer(7, "Freeman Sporting Goods", "Kirby", "Freeman"),
        {"Id": "8", "DisplayName": "0969 Ocean View Road", "ParentRef": {"value": "7"}, "Job": True},
        {"Id": "9", "DisplayName": "55 Twin Lane", "ParentRef": {"value": "7"}, "Job": True},
        _customer(10, "Geeta Kalapatapu", "Geeta", "Kalapatapu"), _customer(17, "Mark Cho", "Mark", "Cho"),
        _customer(20, "Red Rock Diner", "Stephanie", "Martini"),
        _customer(29, "Weiskopf Consulting", "Nicola", "Weiskopf"),
    ],
    "Item": [
        {"Id": "4", "Name": "Design", "Type": "Service", "UnitPrice": 75, "IncomeAccountRef": {"value": "45"}},
        {"Id": "5", "Name": "Rock Fountain", "Type": "Inventory", "UnitPrice": 275, "PurchaseCost": 125, "QtyOnHand": 2,
         "InvStartDate": "2026-01-01", "AssetAccountRef": {"value": "13"}, "ExpenseAccountRef": {"value": "12"},
         **_INCOME},
        {"Id": "10", "Name": "Pest Control", "Type": "Service", "UnitPrice": 35, "IncomeAccountRef": {"value": "45"}},
        {"Id": "11", "Name": "Pump", "Type": "Inventory", "UnitPrice": 15, "PurchaseCost": 10, "QtyOnHand": 25,
         "InvStartDate": "2026-01-01", "AssetAccountRef": {"value": "13"}, "ExpenseAccountRef": {"value": "12"},
         **_INCOME},
    ],
    "Invoice": [
        _invoice(9, 3, "2026-06-02", ("4", "Custom Design", 75), ("10", "Pest Control Services", 70)),
        _invoice(12, 20, "2026-06-11", ("10", "Pest Control Services", 65)),
        _invoice(27, 2, "2026-07-01", ("4", "Custom Design", 85)),
        _invoice(37, 1, "2026-07-15", ("5", "Rock Fountain", 275)),
        _invoice(42, 9, "2026-08-03", ("4", "Custom Design", 50), ("11", "Pump", 15)),
    ],
    "Payment": [_paid(50, 20, "2026-06-20", 12, 65), _paid(51, 1, "2026-08-01", 37, 108)],
    "Estimate": [_invoice(60, 10, "2026-08-05", ("5", "Rock Fountain", 275), ("4", "Custom Design", 262))],
}  # fmt: skip


def with_sample(given: dict[str, Any]) -> dict[str, Any]:
    """What a company is given, with the sample's lists before its own."""
    own = {kind: entries for kind, entries in given.items() if kind in SAMPLE and isinstance(entries, list)}
    return {**given, **{kind: [*entries, *own.get(kind, [])] for kind, entries in SAMPLE.items()}}
