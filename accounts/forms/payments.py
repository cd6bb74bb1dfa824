"""The form of a payment, with a field for each invoice that it can pay."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from accounts.forms.fields import day, decimal, text
from accounts.models import Invoice, Payment, PaymentMethod
from portal.forms import dress


class PaymentForm(forms.Form):
    """A payment, with one field for each invoice that it can pay."""

    amount = decimal("Amount received", 2, **{"data-payment-amount": True})
    date = day("Date")
    method = forms.ChoiceField(label="Method", choices=PaymentMethod.choices)
    reference = text("Check or reference no.", 40, autocomplete="off")
    number = text("Number", 40, autocomplete="off")
    memo = forms.CharField(label="Memo", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    sync_to_quickbooks = forms.BooleanField(label="Sync this payment to QuickBooks Online", required=False)
    revision = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, invoices: Sequence[Invoice], payment: Payment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invoices = {f"pay-{invoice.pk}": invoice for invoice in invoices}
        if payment is None:
            self.fields["number"].widget.attrs["placeholder"] = "Automatic"
        else:
            self.fields["number"].required = self.fields["revision"].required = True
            self.initial = {name: getattr(payment, name) for name in self.fields}
        parts = dict(payment.allocations.values_list("invoice", "amount")) if payment else {}
        for name, invoice in self.invoices.items():
            field = decimal(f"Part for invoice {invoice.number}", 2, required=False, **{"data-allocation": True})
            self.fields[name] = field
            self.initial[name] = parts.get(invoice.pk)
        dress(self)

    def clean(self) -> dict[str, Any]:
        """Refuse a part for an invoice that was paid, voided or deleted since the form was opened."""
        sent = {name for name, value in self.data.items() if name.startswith("pay-") and str(value).strip()}
        if sent - self.invoices.keys():
            self.add_error(None, "An invoice that this payment was for can no longer be paid. Look at the parts again.")
        return self.cleaned_data

    def rows(self) -> list[dict[str, Any]]:
        """Return the invoices with their fields and what each has left to pay besides this payment's part."""
        return [
            {"invoice": invoice, "field": self[name], "left": invoice.balance + (self.initial[name] or Decimal(0))}
            for name, invoice in self.invoices.items()
        ]

    def plain_fields(self) -> list[forms.BoundField]:
        """Return the fields that are not about one invoice."""
        return [field for field in self if field.name not in self.invoices]

    def allocations(self) -> dict[int, Decimal]:
        """Return what each invoice gets, by the invoice's id; those that get nothing are left out."""
        return {
            invoice.pk: self.cleaned_data[name]
            for name, invoice in self.invoices.items()
            if self.cleaned_data.get(name)
        }
