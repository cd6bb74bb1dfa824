"""The verbs on accounts and their contacts. What a rename means elsewhere is decided by those who hear of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, AccountType, Contact, Tag
from accounts.services import ledger, numbering, rules
from accounts.services.errors import Problems, refuse
from portal.models import Firm, Membership

NAME_LIMIT = 600


@dataclass(frozen=True)
class ContactInput:
    """A person to reach, as entered. With none marked as primary, the first one is."""

    name: str
    email: str = ""
    phone: str = ""
    is_primary: bool = False


@transaction.atomic
def account_create(
    *,
    firm: Firm,
    name: str,
    type: str = AccountType.INDIVIDUAL,
    code: str = "",
    tags: Sequence[Tag] = (),
    team: Sequence[Membership] = (),
    contacts: Sequence[ContactInput] = (),
) -> Account:
    """Add a client to the firm's books. An empty ``code`` becomes the next free ID, such as JG2.

    Raises:
        BooksError: a value cannot be kept, or the ID is taken.
    """
    name, code = name.strip(), code.strip().upper()
    problems = Problems()
    _check_account(firm, name, type, tags, team, problems)
    if code and (problem := rules.code_problem(code)):
        problems.add(problem, "code")
    cleaned = _checked_contacts(contacts, problems)
    problems.refuse_if_any()
    ledger.lock_firm(firm.pk)
    if code and (other := Account.objects.filter(firm=firm, code=code).first()):
        raise refuse(f"The ID {code} is taken by {other.name}.", "code")
    account = Account.objects.create(firm=firm, name=name, type=type, code=code or numbering.next_code(firm, name))
    account.tags.set(tags)
    account.team.set(team)
    Contact.objects.bulk_create(_contact(account, contact) for contact in cleaned)
    ledger.announce(firm.pk, [account.pk])
    return account


@transaction.atomic
def account_update(
    *, account: Account, name: str, type: str, tags: Sequence[Tag], team: Sequence[Membership]
) -> Account:
    """Change what is known of a client. Its ID stays, and so do its documents' revisions: a rename is not theirs.

    Raises:
        BooksError: a value cannot be kept.
    """
    name = name.strip()
    account = ledger.lock_account(account.pk)
    problems = Problems()
    _check_account(account.firm, name, type, tags, team, problems)
    problems.refuse_if_any()
    account.name, account.type = name, type
    account.save(update_fields=["name", "type"])
    account.tags.set(tags)
    account.team.set(team)
    ledger.announce(account.firm_id, [account.pk])
    return account


def account_seen(account: Account) -> str:
    """Return what there is to see of an account on its form, in short: another text once anything of it has changed."""
    contacts = [ContactInput(each.name, each.email, each.phone, each.is_primary) for each in account.contacts.all()]
    return _in_short(account.name, account.type, account.tags.all(), account.team.all(), contacts)


def _in_short(
    name: str, type: str, tags: Iterable[Tag], team: Iterable[Membership], contacts: Iterable[ContactInput]
) -> str:
    keys = [sorted(row.pk for row in rows) for rows in (tags, team)]
    people = sorted([each.name, each.email, each.phone, each.is_primary] for each in contacts)
    return sha256(json.dumps([name, type, *keys, people]).encode()).hexdigest()[:32]


@transaction.atomic
def account_edit(
    *,
    account: Account,
    seen: str,
    name: str,
    type: str,
    tags: Sequence[Tag],
    team: Sequence[Membership],
    contacts: Sequence[ContactInput],
) -> Account:
    """Let the account and its contacts be as a form has them, as one.

    ``seen`` is what ``account_seen`` gave when the form was opened: another person's change in between is never
    overwritten. A form that is sent twice says what is so already.

    Raises:
        BooksError: it was changed meanwhile, or a value cannot be kept.
    """
    account = ledger.lock_account(account.pk)
    problems = Problems()
    cleaned = _checked_contacts(contacts, problems)
    problems.refuse_if_any()
    if account_seen(account) not in (seen, _in_short(name.strip(), type, tags, team, cleaned)):
        raise refuse("Someone else has changed this account meanwhile. Look at it again, then change it.")
    account = account_update(account=account, name=name, type=type, tags=tags, team=team)
    contacts_replace(account=account, contacts=cleaned)
    return account


@transaction.atomic
def account_archive(*, account: Account) -> Account:
    """Take the account out of the list of active ones. Its documents stay; no new ones can be recorded."""
    account = ledger.lock_account(account.pk)
    if account.archived_at is None:
        account.archived_at = timezone.now()
        account.save(update_fields=["archived_at"])
        ledger.announce(account.firm_id, [account.pk])
    return account


@transaction.atomic
def account_restore(*, account: Account) -> Account:
    """Bring an archived account back."""
    account = ledger.lock_account(account.pk)
    if account.archived_at is not None:
        account.archived_at = None
        account.save(update_fields=["archived_at"])
        ledger.announce(account.firm_id, [account.pk])
    return account


@transaction.atomic
def contacts_replace(*, account: Account, contacts: Sequence[ContactInput]) -> list[Contact]:
    """Let the account have these contacts and no others; return them, the primary one first.

    Raises:
        BooksError: a contact has no name or no proper address, or several are marked as primary.
    """
    account = ledger.lock_account(account.pk)
    problems = Problems()
    cleaned = _checked_contacts(contacts, problems)
    problems.refuse_if_any()
    kept = [ContactInput(each.name, each.email, each.phone, each.is_primary) for each in account.contacts.all()]
    if set(kept) == set(cleaned) and len(kept) == len(cleaned):
        return list(account.contacts.all())
    account.contacts.all().delete()
    Contact.objects.bulk_create(_contact(account, contact) for contact in cleaned)
    ledger.announce(account.firm_id, [account.pk])
    return list(account.contacts.all())


def contact_problem(contact: ContactInput) -> str | None:
    """Return the sentence about a contact that cannot be kept, or None."""
    try:
        if contact.email:
            validate_email(contact.email)
    except ValidationError:
        return f"“{contact.email[:80]}” is not an e-mail address."
    return (
        rules.text_problem(contact.name, "The contact's name", 200, required=True)
        or rules.text_problem(contact.email, "The e-mail address", 254)
        or rules.text_problem(contact.phone, "The phone number", 40)
    )


def name_problem(name: str) -> str | None:
    """Return the sentence about an account's name that cannot be kept, or None. What QuickBooks thinks is not asked."""
    return rules.text_problem(name, "The name", NAME_LIMIT, required=True, one_line=False)


def _check_account(
    firm: Firm, name: str, type: str, tags: Sequence[Tag], team: Sequence[Membership], problems: Problems
) -> None:
    if problem := name_problem(name):
        problems.add(problem, "name")
    if type not in AccountType.values:
        problems.add("Choose Individual, Company or Other.", "type")
    if any(tag.firm_id != firm.pk for tag in tags):
        problems.add("A tag is not one of this firm.", "tags")
    if any(member.firm_id != firm.pk for member in team):
        problems.add("A person is not a member of this firm.", "team")


def _checked_contacts(contacts: Sequence[ContactInput], problems: Problems) -> list[ContactInput]:
    """The contacts as they are kept, with one of them primary."""
    cleaned = [
        ContactInput(contact.name.strip(), contact.email.strip(), contact.phone.strip(), contact.is_primary)
        for contact in contacts
    ]
    for position, contact in enumerate(cleaned, start=1):
        if problem := contact_problem(contact):
            problems.add(f"Contact {position}: {problem}", "contacts")
    primary = [contact for contact in cleaned if contact.is_primary]
    if len(primary) > 1:
        problems.add("Only one contact can be the primary one.", "contacts")
    if cleaned and not primary:
        cleaned[0] = ContactInput(cleaned[0].name, cleaned[0].email, cleaned[0].phone, is_primary=True)
    return cleaned


def _contact(account: Account, contact: ContactInput) -> Contact:
    return Contact(
        account=account,
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        is_primary=contact.is_primary,
    )
