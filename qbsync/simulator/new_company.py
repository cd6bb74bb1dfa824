"""Owns what is in a new company: Intuit's own defaults, and the lists that a seed or a test gives."""

from decimal import Decimal
from typing import Any

from . import clock as clocks
from .books import Books
from .company import Company
from .entities import REGISTRY, EntityType
from .entities.base import Request
from .faults import Fault
from .people import change_as_user
from .simulator import Simulator
from .store import Row

_ACCOUNTS = [
    ("1", "Services", "Income", "ServiceFeeIncome"), ("2", "Uncategorized Income", "Income", "ServiceFeeIncome"),
    ("3", "Checking", "Bank", "Checking"), ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("5", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("6", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("7", "Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("8", "Billable Expense Income", "Income", "ServiceFeeIncome"),
    ("9", "Uncategorized Expense", "Expense", "OtherMiscellaneousServiceCost"),
    ("10", "Discounts given", "Income", "DiscountsRefundsGiven"), ("11", "Savings", "Bank", "Savings"),
    ("12", "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("13", "Inventory Asset", "Other Current Asset", "Inventory"),
    ("14", "Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("15", "Retained Earnings", "Equity", "RetainedEarnings"),
    ("16", "Uncategorized Asset", "Other Current Asset", "OtherCurrentAssets"),
    ("17", "Legal & Professional Fees", "Expense", "LegalProfessionalFees"),
    ("18", "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("19", "Board of Equalization Payable", "Other Current Liability", "SalesTaxPayable"),
    ("20", "Mastercard", "Credit Card", "CreditCard"),
]  # fmt: skip
DEFAULTS: dict[str, list[dict[str, Any]]] = {
    "Account": [
        {"Id": number, "Name": name, "AccountType": kind, "AccountSubType": subtype}
        for number, name, kind, subtype in _ACCOUNTS
    ],
    "Item": [
        {"Id": "1", "Name": "Services", "Type": "Service", "IncomeAccountRef": {"value": "1"}},
        {"Id": "2", "Name": "Hours", "Type": "Service", "IncomeAccountRef": {"value": "1"}},
    ],
    "Term": [
        {"Id": "1", "Name": "Due on receipt", "DueDays": 0}, {"Id": "2", "Name": "Net 15", "DueDays": 15},
        {"Id": "3", "Name": "Net 30", "DueDays": 30}, {"Id": "4", "Name": "Net 60", "DueDays": 60},
    ],
    "PaymentMethod": [
        {"Id": "1", "Name": "Cash"}, {"Id": "2", "Name": "Check"},
        {"Id": "3", "Name": "Credit Card", "Type": "CREDIT_CARD"},
    ],
    "TaxAgency": [{"Id": "1", "DisplayName": "Board of Equalization"}],
    "TaxRate": [
        {"Id": "1", "Name": "AZ State tax", "RateValue": Decimal("7.1"), "AgencyRef": {"value": "1"}},
        {"Id": "3", "Name": "California", "RateValue": 8, "AgencyRef": {"value": "1"}},
    ],
    "TaxCode": [
        {"Id": "2", "Name": "California", "Description": "California", "Taxable": True, "TaxGroup": True,
         "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": "3", "name": "California"},
                                                 "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}]}},
    ],
}  # fmt: skip
# In this order, what a list refers to is there before the list.
ORDER = (
    "Account", "TaxAgency", "TaxRate", "TaxCode", "Term", "PaymentMethod", "CustomerType", "Class", "Department",
    "CompanyCurrency", "Vendor", "Employee", "Customer", "Item",
)  # fmt: skip


SINGLES = frozenset({"Preferences", "CompanyInfo"})  # one of each, not a list


def preferences(given: dict[str, Any]) -> dict[str, Any]:
    """The Preferences of a new company with those that were given."""
    groups: dict[str, Any] = {
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January", "UseAccountNumbers": False, "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False, "TrackDepartments": False, "ClassTrackingPerTxnLine": False,
            "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True, "QuantityWithPriceAndRate": True,
                                    "QuantityOnHand": True},
        "SalesFormsPrefs": {
            "CustomField": [], "CustomTxnNumbers": False, "EmailCopyToCompany": False, "AllowDeposit": False,
            "AllowDiscount": False, "AllowEstimates": True, "AllowServiceDate": False, "AllowShipping": False,
            "AutoApplyCredit": False, "AutoApplyPayments": False, "ETransactionEnabledStatus": "NotApplicable",
            "ETransactionPaymentEnabled": False, "IPNSupportEnabled": False, "UsingProgressInvoicing": False,
            "UsingPriceLevels": False, "DefaultTerms": {"value": "3"}, "DefaultCustomerMessage": "",
        },
        "EmailMessagesPrefs": {},
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "TimeTrackingPrefs": {
            "UseServices": True, "BillCustomers": True, "ShowBillRateToAll": False, "WorkWeekStartDate": "Monday",
            "MarkTimeEntriesBillable": True,
        },
        "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": []},
    }  # fmt: skip
    for group, values in given.items():
        groups[group] = {**groups.get(group, {}), **values} if isinstance(values, dict) else values
    return groups


def fill(sim: Simulator, company: Company, given: dict[str, Any]) -> None:
    """Write a new company's books within the caller's transaction. Raises `Fault` or `ValueError`."""
    books = Books(sim.store, company, sim.clock)
    _single(books, "Preferences", preferences(given.get("Preferences", {})))
    sim.companies.refresh_preferences(company)
    address = {
        "Id": "1", "Line1": "123 Sierra Way", "City": "San Pablo", "Country": "USA", "CountrySubDivisionCode": "CA",
        "PostalCode": "87999",
    }  # fmt: skip
    started = clocks.today(sim.clock.now(), company.zone).isoformat()
    _single(
        books, "CompanyInfo",
        {
            "CompanyName": company.name, "LegalName": company.name, "CompanyAddr": address,
            "CustomerCommunicationAddr": address, "LegalAddr": address,
            "CustomerCommunicationEmailAddr": {"Address": "books@simulator.test"}, "PrimaryPhone": {},
            "CompanyStartDate": started, "WebAddr": {}, "FiscalYearStartMonth": "January",
            "Country": company.country, "SupportedLanguages": "en", "DefaultTimeZone": company.zone_name,
            "Email": {"Address": "books@simulator.test"},
            "NameValue": [
                {"Name": "NeoEnabled", "Value": "true"}, {"Name": "IndustryType", "Value": "Accounting"},
                {"Name": "SubscriptionStatus", "Value": "PAID"},
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            ],
            **given.get("CompanyInfo", {}),
        },
    )  # fmt: skip
    sim.store.next_id(company.realm, "address")
    lists = {
        kind: with_defaults(kind, given.get(kind, []))
        for kind in (*ORDER, *sorted(set(REGISTRY) - set(ORDER) - SINGLES))
    }
    chosen = {kind: [entry for entry in entries if "Id" in entry] for kind, entries in lists.items()}
    for kind, entries in chosen.items():
        if len({str(entry["Id"]) for entry in entries}) < len(entries):
            raise ValueError(f"two entries of {kind} have the same Id")
        for entry in entries:
            if not str(entry["Id"]).isdigit():
                raise ValueError(f"the Id of a {kind} is a string of digits, not {entry['Id']!r}")
            sim.store.reserve_id(company.realm, REGISTRY[kind].sequence, int(entry["Id"]))
    for kind in (*ORDER, "Invoice", "CreditMemo", "Payment", "SalesReceipt", "Deposit"):
        add(books, REGISTRY[kind], lists.pop(kind))
    for kind, entries in lists.items():
        if entries:
            add(books, REGISTRY[kind], entries)


def with_defaults(kind: str, given: Any) -> list[dict[str, Any]]:
    """A list's entries: Intuit's, each replaced by a given one of the same Id or name, then the other given ones."""
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise ValueError(f"{kind} is a list of objects")
    prop = REGISTRY[kind].name_property
    rest, entries = list(given), []
    for default in DEFAULTS.get(kind, []):
        same = next(
            (
                entry for entry in rest
                if str(entry.get("Id", "")) == default["Id"]
                or str(entry.get(prop, "")).casefold() == default[prop].casefold()
            ),
            None,
        )  # fmt: skip
        if same is not None:
            rest.remove(same)
        entries.append({**default, **(same or {})})
    return entries + rest


def add(books: Books, entity: EntityType, entries: list[dict[str, Any]]) -> None:
    """Write a list; an entry with Active false is made and then deactivated, as in a real company's past."""
    for place, entry in enumerate(entries):
        books.forget()
        active = entry.get("Active", True)
        sent = {name: value for name, value in entry.items() if name not in ("Id", "Active")}
        request = Request(
            frozenset({"allowduplicatedocnum"}), int(entry["Id"]) if "Id" in entry else None, by_user=True
        )
        try:
            row = entity.create(books, sent, request)
            if active is False:
                change_as_user(books, entity, row, {"Active": False})
        except Fault as fault:
            raise ValueError(f"{entity.kind} {place + 1} of the list: {fault.code} {fault.detail}") from fault


def _single(books: Books, kind: str, values: dict[str, Any]) -> None:
    stamp = books.stamp()
    body = {
        "domain": "QBO", "sparse": False, "Id": "1", "SyncToken": "0",
        "MetaData": {"CreateTime": stamp, "LastUpdatedTime": stamp}, **values,
    }  # fmt: skip
    row = Row(kind, 1, REGISTRY[kind].ordered(body))
    books.insert(row)
