"""The form of an account and the rows of its contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory

from accounts.forms.fields import RowForm, text
from accounts.models import Account, AccountType, Tag
from accounts.services import ContactInput, account_seen
from portal.forms import dress
from portal.models import Firm, Membership

MOST_CONTACTS = 50


class MemberChoice(forms.ModelMultipleChoiceField):
    """People of the firm, by name."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the person's name, without the firm."""
        return f"{obj.user}"


class AccountForm(forms.Form):
    """What is known of a client. The ID is given once, when the account is made."""

    name = text("Name", 600, required=True, autocomplete="off")
    code = text("ID", 12, autocomplete="off", placeholder="Automatic")
    type = forms.ChoiceField(label="Type", choices=AccountType.choices, widget=forms.RadioSelect)
    tags = forms.ModelMultipleChoiceField(Tag.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)
    team = MemberChoice(Membership.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)  # by the person: `account_seen`

    def __init__(self, *args: Any, firm: Firm, account: Account | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"type": AccountType.INDIVIDUAL.value}
        if account is None:
            del self.fields["seen"]
        else:
            del self.fields["code"]
            self.initial = {
                "seen": account_seen(account),
                "name": account.name,
                "type": account.type,
                "tags": [tag.pk for tag in account.tags.all()],
                "team": [member.pk for member in account.team.all()],
            }
        members = Membership.objects.filter(firm=firm).select_related("user").order_by("user__name")
        self.fields["tags"].queryset = Tag.objects.filter(firm=firm)  # type: ignore[attr-defined]
        self.fields["team"].queryset = members  # type: ignore[attr-defined]
        dress(self)


class ContactForm(RowForm):
    """A person to reach."""

    name = text("Name", 200, required=True, autocomplete="off")
    email = forms.EmailField(label="E-mail", required=False, max_length=254)
    phone = text("Phone", 40, autocomplete="off", inputmode="tel")


class ContactFormSet(BaseFormSet):
    """The contacts of an account; the radio button named ``primary`` holds the number of a row."""

    @property
    def primary(self) -> str:
        """The number of the row that is marked as primary, as it was sent."""
        return str(self.data.get("primary", "0")) if self.is_bound else "0"

    def inputs(self) -> list[ContactInput]:
        """Return the contacts for the services, in the order of the rows."""
        return [
            ContactInput(
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                phone=form.cleaned_data["phone"],
                is_primary=str(number) == self.primary,
            )
            for number, form in enumerate(self.forms)
            if form.counts()
        ]


def contact_forms(data: Mapping[str, Any] | None, account: Account | None = None) -> ContactFormSet:
    """Return the rows of contacts: as sent, or those of the account, or one that is empty."""
    contacts = list(account.contacts.all()) if account else []
    # Only for the page as it is opened: a row that was sent equal to what is there by then, as by a second press of
    # Save, would count as untouched and be left out.
    opened = contacts if data is None else []
    initial = [{"name": each.name, "email": each.email, "phone": each.phone} for each in opened]
    rows = formset_factory(
        ContactForm, formset=ContactFormSet, extra=0 if contacts else 1, can_delete=True, max_num=MOST_CONTACTS
    )
    formset: ContactFormSet = rows(data, initial=initial, prefix="contacts")  # type: ignore[assignment]
    return formset
