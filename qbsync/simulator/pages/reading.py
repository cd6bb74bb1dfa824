"""Owns what the pages read from the books. It never writes."""

from dataclasses import dataclass
from typing import Any

from ..company import Company
from ..render import loads
from ..simulator import Simulator
from ..store import Row

PAGE = 50


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    rows: list[Row]
    number: int
    count: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.count // PAGE))


def listing(sim: Simulator, company: Company, kind: str, search: str, number: int, *, all_states: bool) -> Page:
    """A page of a type's entities whose name, number or id holds the search text."""
    where, arguments = "kind = ?", [kind]
    if not all_states:
        where += " AND deleted = 0"
    if search:
        where += " AND (instr(name, ?) OR instr(casefold(doc), ?) OR id = ? OR customer IN "
        where += "(SELECT id FROM entity WHERE realm = ? AND kind = 'Customer' AND instr(name, ?)))"
        folded = search.casefold()
        arguments += [folded, folded, search, company.realm, folded]
    counted = sim.store.db.execute(
        f"SELECT count(*) FROM entity WHERE realm = ? AND {where}",  # noqa: S608 - fixed text
        (company.realm, *arguments),
    ).fetchone()[0]
    number = max(1, min(number, -(-counted // PAGE) or 1))
    order = "sorted, id" if kind in ("Customer", "Vendor", "Employee") else "txn_date DESC, id DESC"
    rows = sim.store.rows(
        company.realm, f"{where} ORDER BY {order} LIMIT ? OFFSET ?", (*arguments, PAGE, (number - 1) * PAGE)
    )
    return Page(rows, number, counted)


def transactions_of(sim: Simulator, company: Company, customer: int) -> list[Row]:
    """A customer's transactions, the latest first, deleted ones too."""
    return sim.store.rows(company.realm, "customer = ? ORDER BY txn_date DESC, id DESC LIMIT 500", (customer,))


def children_of(sim: Simulator, company: Company, customer: int) -> list[Row]:
    """A customer's sub-customers."""
    return sim.store.rows(company.realm, "kind = 'Customer' AND parent = ? ORDER BY sorted", (customer,))


def applied_to(sim: Simulator, company: Company, row: Row) -> list[Row]:
    """The payments and credits that are applied to a transaction."""
    found = sim.store.db.execute(
        "SELECT DISTINCT from_kind, from_id FROM link WHERE realm = ? AND to_kind = ? AND to_id = ?",
        (company.realm, row.kind, row.id),
    ).fetchall()
    rows = [sim.store.get(company.realm, kind, number) for kind, number in found]
    return [each for each in rows if each is not None]


def totals(sim: Simulator, company: Company) -> dict[str, Any]:
    """What the overview counts."""
    kinds = dict(
        sim.store.db.execute(
            "SELECT kind, count(*) FROM entity WHERE realm = ? AND deleted = 0 GROUP BY kind", (company.realm,)
        )
    )
    owed = sim.store.db.execute(
        "SELECT total(open_cents) FROM entity WHERE realm = ? AND kind = 'Invoice' AND deleted = 0", (company.realm,)
    ).fetchone()[0]
    unapplied = sim.store.db.execute(
        "SELECT total(-open_cents) FROM entity WHERE realm = ? AND kind = 'Payment' AND deleted = 0", (company.realm,)
    ).fetchone()[0]
    return {"kinds": kinds, "owed": owed / 100, "unapplied": unapplied / 100}


def holder_of(sim: Simulator, kind: str, number: int) -> Company | None:
    """The first company that holds such an entity, for links that name none."""
    row = sim.store.db.execute(
        "SELECT realm FROM entity WHERE kind = ? AND id = ? AND deleted = 0 ORDER BY rowid LIMIT 1", (kind, number)
    ).fetchone()
    return sim.companies.known.get(row[0]) if row else None


def choices(sim: Simulator, company: Company, kind: str, without: int) -> list[dict[str, Any]]:
    """Active entries to choose from, at most 2,000."""
    found = sim.store.db.execute(
        "SELECT body FROM entity WHERE realm = ? AND kind = ? AND deleted = 0 AND active = 1 AND id != ? "
        "ORDER BY sorted LIMIT 2000",
        (company.realm, kind, without),
    )
    return [loads(body) for (body,) in found]
