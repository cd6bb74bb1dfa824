"""The QuickBooks company that belongs to a firm's clients, as the simulator's control API takes it. Pure."""

from __future__ import annotations

import random
from typing import Any

from qbsync.demo import cases, names
from qbsync.demo.clients import Client, strangers
from qbsync.demo.people import DemoFirm

_INDIVIDUAL, _BUSINESS = "1", "2"
Entity = dict[str, Any]


def company(demo: DemoFirm, clients: list[Client]) -> Entity:
    """Return the company: most clients as customers, customers who are no clients, vendors, employees, one inactive."""
    rng = random.Random(demo.seed + 1)  # noqa: S311
    held = {client.name for client in clients} & {cases.HELD_BY_VENDOR, cases.HELD_BY_EMPLOYEE, cases.INACTIVE}
    customers = [
        _customer(rng, name, client.type, demo) for client in clients for name in dict.fromkeys(client.customers)
    ]
    customers += [_customer(rng, name, "individual", demo) for name in strangers(clients, len(clients) // 8, demo.seed)]
    rng.shuffle(customers)
    for number, customer in enumerate(customers, start=101):
        customer["Id"] = str(number)
    customers += _sub_customers(customers)
    if cases.INACTIVE in held:
        customers.append({**_customer(rng, cases.INACTIVE, "company", demo), "Active": False})
    vendors = [*names.VENDORS, *(held & {cases.HELD_BY_VENDOR})]
    employees = [*names.EMPLOYEES, *(held & {cases.HELD_BY_EMPLOYEE})]
    types = [{"Id": _INDIVIDUAL, "Name": "Individual"}, {"Id": _BUSINESS, "Name": "Business"}]
    return {
        "name": demo.name,
        "realm_id": demo.realm_id,
        "time_zone": "America/New_York",
        "CustomerType": types if demo.has_customer_types else [],
        "Customer": customers,
        "Vendor": [{"DisplayName": name, "CompanyName": name} for name in vendors],
        "Employee": [_employee(name) for name in employees],
        "Preferences": {
            "SalesFormsPrefs": {"CustomTxnNumbers": True},
            "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True},
        },
    }


def _customer(rng: random.Random, name: str, kind: str, demo: DemoFirm) -> Entity:
    city, state, code = rng.choice(names.CITIES)
    customer: Entity = {
        "DisplayName": name,
        "BillAddr": {
            "Line1": f"{rng.randint(10, 990)} {rng.choice(names.STREETS)}",
            "City": city,
            "CountrySubDivisionCode": state,
            "PostalCode": code,
        },
        "PrimaryPhone": {"FreeFormNumber": f"(555) 555-{rng.randint(0, 9999):04d}"},
    }
    if kind == "company":
        customer["CompanyName"] = name
    if demo.has_customer_types:
        customer["CustomerTypeRef"] = {"value": _BUSINESS if kind == "company" else _INDIVIDUAL}
    return customer


def _sub_customers(customers: list[Entity]) -> list[Entity]:
    ids = {customer["DisplayName"]: customer["Id"] for customer in customers}
    return [
        {"DisplayName": name, "ParentRef": {"value": ids[parent]}}
        for parent, children in cases.SUB_CUSTOMERS.items()
        if parent in ids
        for name in children
    ]


def _employee(name: str) -> Entity:
    given, family = name.split(" ", 1)
    return {"DisplayName": name, "GivenName": given, "FamilyName": family}
