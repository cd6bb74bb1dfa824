"""Owns the lines of sales forms: what each kind needs, line ids, the subtotal line that QuickBooks appends."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from .. import faults
from ..books import Books
from ..render import money
from .base import resolved
from .schema import (
    Field,
    accept,
    amount,
    anything,
    choice,
    computed,
    day,
    decimal,
    flag,
    ignored,
    listing,
    record,
    ref,
    text,
)
from .taxes import check_line_code

_DETAILS = ("SalesItemLineDetail", "GroupLineDetail", "DescriptionOnly", "DiscountLineDetail", "SubTotalLineDetail")
_MOST_LINES = 10_000
_SALES_ITEM: dict[str, Field] = {
    "ServiceDate": day(), "ItemRef": ref("Item"), "ClassRef": ref("Class"), "UnitPrice": decimal(),
    "RatePercent": decimal(), "PriceLevelRef": ignored(), "MarkupInfo": record("MarkupInfo"), "Qty": decimal(),
    "UOMRef": ignored(), "ItemAccountRef": computed(), "InventorySiteRef": ignored(), "TaxCodeRef": anything(),
    "TaxClassificationRef": record("ReferenceType"), "TaxInclusiveAmt": amount(), "DiscountRate": decimal(),
    "DiscountAmt": amount(),
    "DeferredRevenue": ignored(), "CustomExtensions": ignored(),
}  # fmt: skip
_DISCOUNT: dict[str, Field] = {
    "PercentBased": flag(), "DiscountPercent": decimal(), "DiscountAccountRef": ref("Account"), "ServiceDate": day(),
    "ClassRef": ref("Class"), "TaxCodeRef": anything(), "Discount": ignored(),
}  # fmt: skip
LINE: dict[str, Field] = {
    "Id": text(20), "LineNum": decimal(), "Description": text(4000), "Amount": amount(), "Received": ignored(),
    "LinkedTxn": listing(), "DetailType": choice(*_DETAILS, "TaxLineDetail", "PaymentLineDetail"),
    "SalesItemLineDetail": record("SalesItemLineDetail", _SALES_ITEM),
    "GroupLineDetail": record("GroupLineDetail"), "DescriptionLineDetail": record("DescriptionLineDetail"),
    "DescriptionOnly": ignored(),
    "DiscountLineDetail": record("DiscountLineDetail", _DISCOUNT),
    "SubTotalLineDetail": ignored(), "TaxLineDetail": ignored(), "CustomField": listing(), "LineEx": ignored(),
    "ProjectRef": ignored(), "CustomExtensions": ignored(), "CostAmount": ignored(), "HomeCostAmount": ignored(),
}  # fmt: skip


class Totals:
    """What the lines of a sale add up to, in the sale's currency."""

    def __init__(self) -> None:
        self.subtotal = Decimal(0)
        self.discount = Decimal(0)
        self.taxable: dict[str, Decimal] = defaultdict(Decimal)


def complete_lines(books: Books, sent: Any, old_lines: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Totals]:
    """The stored lines with ids, numbers and the subtotal line, and their totals. Raises `Fault`."""
    if len(sent) > _MOST_LINES:
        raise faults.business("A transaction can have at most 10,000 lines.")
    known = {line["Id"] for line in old_lines if "Id" in line}
    next_id = max((int(each) for each in known if each.isdigit()), default=0) + 1
    totals = Totals()
    lines: list[dict[str, Any]] = []
    for raw in sent:
        if not isinstance(raw, dict):
            raise faults.bad_property("Can not construct instance of com.intuit.schema.finance.v3.Line")
        line = accept("Line", LINE, raw)
        if raw.get("DetailType") in ("SubTotalLineDetail", "TaxLineDetail", "PaymentLineDetail"):
            continue
        if "DetailType" not in line:
            raise faults.missing("Line.DetailType")
        finished = _finish(books, line, totals)
        if line.get("Id") in known:
            line_id = line["Id"]
        else:
            line_id, next_id = str(next_id), next_id + 1
        lines.append({"Id": line_id, "LineNum": len(lines) + 1, **finished})
    if not lines:
        raise faults.missing("Line")
    lines.append({"Amount": money(totals.subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    return lines, totals


def _finish(books: Books, line: dict[str, Any], totals: Totals) -> dict[str, Any]:
    kind = line["DetailType"]
    finished = {name: line[name] for name in ("Description",) if name in line}
    if kind == "DescriptionOnly":
        return finished | {"DetailType": kind, "DescriptionLineDetail": line.get("DescriptionLineDetail", {})}
    if kind == "DiscountLineDetail":
        return finished | _discount(line, totals)
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    totals.subtotal += line["Amount"]
    finished |= {"Amount": line["Amount"], "LinkedTxn": line.get("LinkedTxn", []), "DetailType": kind}
    if not finished["LinkedTxn"]:
        finished.pop("LinkedTxn")
    if kind == "GroupLineDetail":
        return finished | {kind: line.get(kind, {})}
    return finished | {kind: _sales_item(books, line, totals), "CustomExtensions": []}


def _sales_item(books: Books, line: dict[str, Any], totals: Totals) -> dict[str, Any]:
    sent = dict(line.get("SalesItemLineDetail", {}))
    for name in ("Qty", "UnitPrice"):
        if not sent.get(name):
            sent.pop(name, None)  # zero is what some libraries send for "not given", and Intuit takes it so
    if "Qty" in sent and "UnitPrice" in sent and money(sent["Qty"] * sent["UnitPrice"]) != money(line["Amount"]):
        raise faults.Fault(
            "6070", "Amount calculation incorrect in the request",
            f"Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. "
            f"Supplied value:{line['Amount']}", element="",
        )  # fmt: skip
    detail: dict[str, Any] = {}
    if "ServiceDate" in sent:
        detail["ServiceDate"] = sent["ServiceDate"]
    item_id = sent.get("ItemRef", {}).get("value", "1")
    detail["ItemRef"] = resolved(books, "Item", item_id)
    item = books.row("Item", item_id)
    if item is not None and item.body.get("Type") == "Category":
        raise faults.business("A category cannot be used in a transaction.")
    for name, target in (("ClassRef", "Class"),):
        if name in sent:
            detail[name] = resolved(books, target, sent[name]["value"])
    for name in ("UnitPrice", "Qty", "RatePercent", "DiscountRate", "DiscountAmt", "MarkupInfo", "TaxInclusiveAmt"):
        if name in sent:
            detail[name] = sent[name]
    if item is not None and "IncomeAccountRef" in item.body:
        detail["ItemAccountRef"] = item.body["IncomeAccountRef"]
    given_code = sent.get("TaxCodeRef")
    code = str(given_code.get("value", "NON")) if isinstance(given_code, dict) else "NON"
    if given_code:
        check_line_code(books, code)
    detail["TaxCodeRef"] = {"value": code}
    totals.taxable[code] += line["Amount"]
    return detail


def _discount(line: dict[str, Any], totals: Totals) -> dict[str, Any]:
    detail = dict(line.get("DiscountLineDetail", {}))
    if detail.get("PercentBased"):
        if "DiscountPercent" not in detail:
            raise faults.missing("DiscountPercent")
        value = money(totals.subtotal * detail["DiscountPercent"] / 100)
    elif "Amount" in line:
        value = line["Amount"]
    else:
        raise faults.missing("Line.Amount")
    detail.setdefault("PercentBased", False)
    totals.discount += value
    return {"Amount": value, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}
