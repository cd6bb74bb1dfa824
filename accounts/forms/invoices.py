"""The form of an invoice and the rows of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory

from accounts.forms.fields import RowForm, day, decimal, text
from accounts.models import ZERO, Invoice, Service
from accounts.services import LineInput
from portal.forms import dress
from portal.models import Firm

MOST_LINES = 1000


class InvoiceForm(forms.Form):
    """An invoice without its lines. ``revision`` is the one that the person saw."""

    number = text("Number", 40, autocomplete="off")
    date = day("Date")
    due_date = day("Due date", required=False)
    memo = forms.CharField(label="Memo", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    tax = decimal("Sales tax", 2, required=False, placeholder="0.00", **{"data-tax": True})
    revision = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, invoice: Invoice | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if invoice is None:
            self.fields["number"].widget.attrs["placeholder"] = "Automatic"
        else:
            self.fields["number"].required = self.fields["revision"].required = True
            self.initial = {name: getattr(invoice, name) for name in self.fields} | {"tax": invoice.tax or None}
        dress(self)

    def clean_tax(self) -> Decimal:
        """No amount is no tax."""
        return self.cleaned_data["tax"] or ZERO


class ServiceSelect(forms.Select):
    """The firm's services, each with its rate and whether it is taxed for the script that proposes them."""

    services: Mapping[str, Service] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return an option that carries what the service proposes."""
        option = super().create_option(name, value, *args, **kwargs)
        if service := self.services.get(str(value)):
            option["attrs"] |= {"data-proposed-rate": str(service.rate), "data-proposed-taxable": service.taxable}
        return option


class LineForm(RowForm):
    """One line of an invoice. The services come with the form, so that many lines read them once."""

    service = forms.ChoiceField(required=False, widget=ServiceSelect(attrs={"data-service": True}))
    description = text("Description", 4000, autocomplete="off")
    quantity = decimal("Quantity", 4, **{"data-quantity": True})
    rate = decimal("Rate", 4, **{"data-rate": True})
    taxable = forms.BooleanField(
        label="Taxable", required=False, widget=forms.CheckboxInput(attrs={"data-taxable": True})
    )

    def __init__(self, *args: Any, services: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.services = {str(service.pk): service for service in services}
        self.fields["quantity"].initial = 1
        select = self.fields["service"]
        select.choices = [("", "No service"), *((pk, each.name) for pk, each in self.services.items())]  # type: ignore[attr-defined]
        select.widget.services = self.services

    def clean(self) -> dict[str, Any]:
        """A line says what it is for, by a service or in words."""
        values = super().clean() or self.cleaned_data
        if not values.get("service") and not values.get("description") and not self.errors:
            self.add_error("description", "Choose a service or describe the line.")
        return values

    def line(self) -> LineInput:
        """Return the line for the services."""
        values = self.cleaned_data
        return LineInput(
            service=self.services.get(values["service"]),
            description=values["description"],
            quantity=values["quantity"],
            rate=values["rate"],
            taxable=values["taxable"],
        )


class LineFormSet(BaseFormSet):
    """The lines of an invoice."""

    def lines(self) -> list[LineInput]:
        """Return the lines for the services, in the order of the rows."""
        return [form.line() for form in self.forms if form.counts()]


def line_forms(data: Mapping[str, Any] | None, firm: Firm, invoice: Invoice | None = None) -> LineFormSet:
    """Return the rows of lines: as sent, or those of the invoice, or one that is empty."""
    lines = list(invoice.lines.all()) if invoice else []
    initial = [
        {
            "service": line.service_id or "",
            "description": line.description,
            "quantity": line.quantity.normalize() + 0,
            "rate": _short(line.rate),
            "taxable": line.taxable,
        }
        for line in lines
    ]
    rows = formset_factory(
        LineForm, formset=LineFormSet, extra=0 if lines else 1, can_delete=True, max_num=MOST_LINES, validate_max=True
    )
    services = list(Service.objects.filter(firm=firm))
    formset: LineFormSet = rows(  # type: ignore[assignment]
        data, initial=initial, prefix="lines", form_kwargs={"services": services}
    )
    return formset


def _short(rate: Decimal) -> Decimal:
    """The rate with cents, or with the finer decimals that it really has."""
    cents = rate.quantize(Decimal("0.01"))
    return cents if cents == rate else rate.normalize()
