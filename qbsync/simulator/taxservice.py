"""Owns `/taxservice/taxcode`: the one way in which a client makes tax codes, with new rates or with existing ones."""

from typing import Any

from . import faults
from .books import Books
from .entities import REGISTRY, Request
from .entities.schema import accept, choice, decimal, listing, text
from .render import dumps
from .store import Row

_CODE = {"TaxCode": text(100), "TaxCodeId": text(20), "Id": text(20), "TaxRateDetails": listing()}
_RATE = {
    "TaxRateName": text(100), "TaxRateId": text(20), "RateValue": decimal(), "TaxAgencyId": text(20),
    "TaxApplicableOn": choice("Sales", "Purchase", "Other"),
}  # fmt: skip
_BY_QUICKBOOKS = Request(by_user=True)


def create(books: Books, sent: Any) -> str:
    """Make the code and its new rates; returns the answer, which has no envelope. Raises `Fault`."""
    if not isinstance(sent, dict):
        raise faults.bad_property("Can not deserialize instance of com.intuit.schema.finance.v3.TaxService")
    code = accept("TaxService", _CODE, sent)
    for name in ("TaxCode", "TaxRateDetails"):
        if not code.get(name):
            raise faults.missing(name)
    details = [_rate(books, each) for each in code["TaxRateDetails"]]
    lists: dict[str, list[dict[str, Any]]] = {"SalesTaxRateList": [], "PurchaseTaxRateList": []}
    for detail in details:
        entry = {
            "TaxRateRef": {"value": detail["TaxRateId"], "name": detail["TaxRateName"]},
            "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0,
        }  # fmt: skip
        lists["PurchaseTaxRateList" if detail["TaxApplicableOn"] == "Purchase" else "SalesTaxRateList"].append(entry)
    body = {name: {"TaxRateDetail": entries} for name, entries in lists.items()}
    made = REGISTRY["TaxCode"].create(
        books,
        {"Name": code["TaxCode"], "Description": code["TaxCode"], "Taxable": True, "TaxGroup": True, **body},
        _BY_QUICKBOOKS,
    )
    return dumps({"TaxCode": made.body["Name"], "TaxCodeId": str(made.id), "TaxRateDetails": details})


def _rate(books: Books, sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise faults.bad_property("Can not construct instance of com.intuit.schema.finance.v3.TaxRateDetails")
    given = accept("TaxRateDetails", _RATE, sent)
    applies = given.get("TaxApplicableOn", "Sales")
    if "TaxRateId" in given:
        row = _there(books, "TaxRate", given["TaxRateId"])
    else:
        for name in ("TaxRateName", "RateValue", "TaxAgencyId"):
            if name not in given:
                raise faults.missing(name)
        agency = _there(books, "TaxAgency", given["TaxAgencyId"])
        row = REGISTRY["TaxRate"].create(
            books,
            {"Name": given["TaxRateName"], "RateValue": given["RateValue"], "AgencyRef": {"value": str(agency.id)}},
            _BY_QUICKBOOKS,
        )
    return {
        "TaxRateName": row.body["Name"], "TaxRateId": str(row.id), "RateValue": row.body.get("RateValue", 0),
        "TaxAgencyId": row.body.get("AgencyRef", {}).get("value", "1"), "TaxApplicableOn": applies,
    }  # fmt: skip


def _there(books: Books, kind: str, number: str) -> Row:
    row = books.row(kind, number)
    if row is None or row.deleted:
        raise faults.bad_reference(kind, number[:80])
    return row
