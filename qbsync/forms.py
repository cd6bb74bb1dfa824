"""The forms of connecting QuickBooks: which accounts, since when, and into what the income goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from portal.models import Firm
from qbsync.models import Connection, Scope
from qbsync.taxes import TaxRules

EARLIEST = date(1990, 1, 1)
MANUAL_PAYMENTS = "By default, sync manually created payments with QuickBooks"


class ScopeForm(forms.Form):
    """Step 2: which accounts are synced by themselves, and from which date on their documents go."""

    scope = forms.ChoiceField(
        label="Which accounts to sync",
        choices=Scope.choices,
        initial=Scope.WITH_DOCUMENTS,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    sync_date = forms.DateField(
        label="Sync date",
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        help_text="Invoices and payments dated before it stay here; nothing older is sent to QuickBooks.",
    )

    def __init__(self, *args: Any, firm: Firm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = timezone.localtime(timezone.now(), ZoneInfo(firm.time_zone)).date()
        self.fields["sync_date"].initial = self.today.replace(month=1, day=1)

    def clean_sync_date(self) -> date:
        """Refuse dates that can only be a slip of the keyboard."""
        day: date = self.cleaned_data["sync_date"]
        if day < EARLIEST:
            raise forms.ValidationError("Choose a date from 1990 on.")
        if day > self.today:
            raise forms.ValidationError("Choose today or an earlier date; otherwise nothing would be synced.")
        return day


class SettingsForm(ScopeForm):
    """What can be changed later: accounts, sync date, and what is done with payments typed in."""

    sync_manual_payments = forms.BooleanField(
        label=MANUAL_PAYMENTS, required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )


class TaxCodesForm(forms.Form):
    """Which tax codes of the company the lines of invoices bear, as far as its rules ask for them."""

    taxable_code = forms.ChoiceField(label="Tax code for taxable lines", required=False)
    exempt_code = forms.ChoiceField(label="Tax code for other lines", required=False)

    def __init__(
        self, *args: Any, connection: Connection, rules: TaxRules, codes: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        """Offer the codes: pairs of id and name. What the company's rules do not ask for is left out."""
        kwargs["initial"] = {"taxable_code": connection.taxable_code_id, "exempt_code": connection.exempt_code_id}
        super().__init__(*args, **kwargs)
        if not rules.needs_exempt_code:
            del self.fields["exempt_code"]
        for field in self.fields.values():
            field.choices = [("", "None chosen"), *codes]  # type: ignore[attr-defined]
            field.widget.attrs["class"] = "form-select"

    def chosen(self) -> dict[str, tuple[str, str]]:
        """Return id and name of what was chosen for each field; both empty where nothing was."""
        return {name: _chosen(self.fields[name], self.cleaned_data[name]) for name in self.fields}


class SetUpForm(forms.Form):
    """Step 4: where income is booked, what invoice lines refer to, and what is done with payments typed in."""

    income_account = forms.ChoiceField(label="Income account", help_text="Where QuickBooks books what you invoice.")
    service_item = forms.ChoiceField(
        label="Service item", help_text="The product or service that invoice lines refer to in QuickBooks."
    )
    sync_manual_payments = forms.BooleanField(
        label=MANUAL_PAYMENTS,
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def __init__(
        self,
        *args: Any,
        income_accounts: Sequence[tuple[str, str]],
        service_items: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("income_account", income_accounts), ("service_item", service_items)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
            field.choices = choices
            field.widget.attrs["class"] = "form-select"

    def chosen(self, name: str) -> tuple[str, str]:
        """Return the id and name of what was chosen in one of the two lists of a valid form."""
        return _chosen(self.fields[name], self.cleaned_data[name])


class DigestForm(forms.Form):
    """Whether one person gets the digest by e-mail, and at what time of the firm's day."""

    is_wanted = forms.BooleanField(
        label="Gets it", required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    send_at = forms.TimeField(
        label="At", widget=forms.TimeInput(attrs={"type": "time", "class": "form-control"}, format="%H:%M")
    )


def _chosen(field: Any, wanted: str) -> tuple[str, str]:
    """The id and name of a choice; both empty where it is none."""
    return next((str(key), str(label) if key else "") for key, label in field.choices if str(key) == wanted)
