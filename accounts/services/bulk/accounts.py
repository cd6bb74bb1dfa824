"""Accounts in bulk: judges records against the books, and writes those that are new or differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import Account, AccountType, Contact, Tag, TagColor
from accounts.services import rules
from accounts.services.bulk.records import AccountRecord, Counts, Errors
from accounts.services.clients import contact_problem, name_problem
from accounts.services.ledger import CHUNK, chunks
from accounts.services.tags import tag_name_problem
from portal.models import Firm, Membership


@dataclass
class AccountChanges:
    """What records come to: the ones to add, the ones to change with the account as it is, and the rest."""

    new: list[AccountRecord] = field(default_factory=list)
    changed: list[tuple[Account, AccountRecord]] = field(default_factory=list)
    unchanged: int = 0

    @property
    def counts(self) -> Counts:
        """How many there are of each."""
        return Counts(len(self.new), len(self.changed), self.unchanged)


def accounts_by_code(firm: Firm, codes: set[str]) -> dict[str, Account]:
    """Return the firm's accounts that have these IDs."""
    found: dict[str, Account] = {}
    for chunk in chunks(codes):
        found |= {account.code: account for account in Account.objects.filter(firm=firm, code__in=chunk)}
    return found


def compare(firm: Firm, records: Sequence[AccountRecord], errors: Errors) -> AccountChanges:
    """Return what the records come to; what is wrong with one is noted, and it is left out."""
    changes = AccountChanges()
    books = _Books(firm, records)
    first_lines: dict[str, int] = {}
    for record in records:
        before = errors.count
        _check(record, books, errors)
        if record.code in first_lines:
            errors.add(record.line, "ID", f"The ID {record.code} is also in line {first_lines[record.code]}.")
        first_lines.setdefault(record.code, record.line)
        if errors.count > before:
            continue
        account = books.accounts.get(record.code)
        if account is None:
            changes.new.append(record)
        elif books.differs(account, record):
            changes.changed.append((account, record))
        else:
            changes.unchanged += 1
    return changes


def write(firm: Firm, changes: AccountChanges) -> set[int]:
    """Write the changes; return the ids of the accounts they touched. The caller holds the locks."""
    pairs: list[tuple[Account, AccountRecord]] = []
    for record in changes.new:
        type_ = record.type or AccountType.INDIVIDUAL
        pairs.append((Account(firm=firm, code=record.code, name=record.name, type=type_), record))
    for account, record in changes.changed:
        account.name, account.type = record.name, record.type or account.type
    Account.objects.bulk_create([account for account, _ in pairs], batch_size=CHUNK)
    Account.objects.bulk_create(
        [account for account, _ in changes.changed],
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "type"],
    )
    pairs += changes.changed
    _write_tags(firm, pairs)
    _write_team(firm, pairs)
    _write_contacts(pairs)
    return {account.pk for account, _ in pairs}


class _Books:
    """What the firm's books hold about the accounts that the records name."""

    def __init__(self, firm: Firm, records: Sequence[AccountRecord]) -> None:
        self.accounts = accounts_by_code(firm, {record.code for record in records})
        self.members = members_by_email(firm)
        self.tags: dict[int, set[str]] = defaultdict(set)
        self.team: dict[int, set[str]] = defaultdict(set)
        self.contacts: dict[int, Contact] = {}
        for chunk in chunks([account.pk for account in self.accounts.values()]):
            mine: QuerySet[Account] = Account.objects.filter(pk__in=chunk).order_by()
            for account_id, name in mine.filter(tags__isnull=False).values_list("pk", "tags__name"):
                self.tags[account_id].add(name.casefold())
            for account_id, email in mine.filter(team__isnull=False).values_list("pk", "team__user__email"):
                self.team[account_id].add(email.lower())
            for contact in Contact.objects.filter(account__in=chunk, is_primary=True):
                self.contacts[contact.account_id] = contact

    def differs(self, account: Account, record: AccountRecord) -> bool:
        """Return whether the record says anything else than the books."""
        if account.name != record.name or record.type not in (None, account.type):
            return True
        if record.tags is not None and {tag.casefold() for tag in record.tags} != self.tags[account.pk]:
            return True
        if record.team is not None and {email.lower() for email in record.team} != self.team[account.pk]:
            return True
        mine, new = self.contacts.get(account.pk), record.contact
        return new is not None and (
            mine is None or (mine.name, mine.email, mine.phone) != (new.name, new.email, new.phone)
        )


def members_by_email(firm: Firm) -> dict[str, Membership]:
    """Return the firm's members by e-mail address in lower case."""
    return {member.user.email.lower(): member for member in firm.memberships.select_related("user")}


def _check(record: AccountRecord, books: _Books, errors: Errors) -> None:
    errors.add(record.line, "ID", rules.code_problem(record.code))
    errors.add(record.line, "Name", name_problem(record.name))
    if record.contact is not None:
        errors.add(record.line, "Contact", contact_problem(record.contact))
    for tag in record.tags or ():
        errors.add(record.line, "Tags", tag_name_problem(tag))
    for email in record.team or ():
        if email.lower() not in books.members:
            errors.add(record.line, "Team", f"No member of the firm signs in as “{email[:80]}”.")


def _write_tags(firm: Firm, pairs: list[tuple[Account, AccountRecord]]) -> None:
    wanted = {tag.casefold(): tag for _, record in pairs for tag in record.tags or ()}
    tags = {tag.name.casefold(): tag for tag in firm.tags.all()}
    missing = [name for folded, name in wanted.items() if folded not in tags]
    added = [
        Tag(firm=firm, name=name, color=TagColor.values[(len(tags) + place) % len(TagColor.values)])
        for place, name in enumerate(missing)
    ]
    tags |= {tag.name.casefold(): tag for tag in Tag.objects.bulk_create(added)}
    through = Account.tags.through
    retagged = [(account, record.tags) for account, record in pairs if record.tags is not None]
    for chunk in chunks([account.pk for account, _ in retagged]):
        through.objects.filter(account__in=chunk).delete()
    links = {(account.pk, tags[name.casefold()].pk) for account, names in retagged for name in names}
    rows = [through(account_id=account_id, tag_id=tag_id) for account_id, tag_id in sorted(links)]
    through.objects.bulk_create(rows, batch_size=CHUNK)


def _write_team(firm: Firm, pairs: list[tuple[Account, AccountRecord]]) -> None:
    members = members_by_email(firm)
    through = Account.team.through
    reassigned = [(account, record.team) for account, record in pairs if record.team is not None]
    for chunk in chunks([account.pk for account, _ in reassigned]):
        through.objects.filter(account__in=chunk).delete()
    links = {(account.pk, members[email.lower()].pk) for account, emails in reassigned for email in emails}
    rows = [through(account_id=account_id, membership_id=member_id) for account_id, member_id in sorted(links)]
    through.objects.bulk_create(rows, batch_size=CHUNK)


def _write_contacts(pairs: list[tuple[Account, AccountRecord]]) -> None:
    given = [(account, record.contact) for account, record in pairs if record.contact is not None]
    for chunk in chunks([account.pk for account, _ in given]):
        Contact.objects.filter(account__in=chunk, is_primary=True).delete()
    rows = [
        Contact(account=account, name=contact.name, email=contact.email, phone=contact.phone, is_primary=True)
        for account, contact in given
    ]
    Contact.objects.bulk_create(rows, batch_size=CHUNK)
