"""The look that every form of the portal shares."""

from __future__ import annotations

from django import forms


def dress(form: forms.BaseForm) -> None:
    """Give each field the class of its kind. What is wrong is marked by Django itself, with ``aria-invalid``."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect)):
            widget.attrs["class"] = "form-check-input"
        elif isinstance(widget, forms.Select):
            widget.attrs["class"] = "form-select"
        else:
            widget.attrs["class"] = "form-control"
