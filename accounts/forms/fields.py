"""What the forms of the books have in common: fields of one kind, rows, and how a refusal is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME

from accounts.services import BooksError
from portal.forms import dress


def refuse(form: forms.Form, error: BooksError) -> None:
    """Show a refusal of the books at the fields it is about, or above the form where it is about a group of them."""
    for name, sentences in error.field_errors.items():
        form.add_error(name if name in form.fields else None, sentences)


def text(label: str, limit: int, *, required: bool = False, **attrs: Any) -> forms.CharField:
    """Return a field for one line of text."""
    return forms.CharField(label=label, max_length=limit, required=required, widget=forms.TextInput(attrs=attrs))


def day(label: str, *, required: bool = True) -> forms.DateField:
    """Return a field for a date, with the browser's own calendar."""
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def decimal(label: str, places: int, *, required: bool = True, **attrs: Any) -> forms.DecimalField:
    """Return a field for an amount, a rate or a quantity."""
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off", **attrs})
    return forms.DecimalField(label=label, max_digits=14, decimal_places=places, required=required, widget=widget)


class RowForm(forms.Form):
    """One row of a group of rows; a row that was added and left empty, or removed, counts for nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)

    def counts(self) -> bool:
        """Return whether the row was filled in and not removed."""
        return bool(self.cleaned_data) and not self.cleaned_data.get(DELETION_FIELD_NAME)
