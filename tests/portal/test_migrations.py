"""Migrations run while the code before them still serves: what that code cannot live with, or waits for, is refused.

docs/operating.md has people migrate first and restart after. PostgreSQL's statements are judged, not Django's words:
adding a column reads the same whether the old code can still insert rows or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django_migration_linter.sql_analyser import PostgresqlAnalyser, analyse_sql_statements
from pytest_django import DjangoDbBlocker

BEFORE_THIS_RULE = {"accounts": "0008", "portal": "0005", "qbsync": "0012"}
"""The last migration of each app that is not judged: older ones have run wherever there is a portal."""

ACCEPTED: dict[str, str] = {
    "accounts.0010_every_document_has_a_uid ADD_UNIQUE": "the index was built concurrently before",
    "accounts.0010_every_document_has_a_uid NOT_NULL": "0009 gave it a db_default; a validated check spares the scan",
}
"""What is as it is for a reason: ``{"accounts.0042_name DROP_COLUMN": "why the code that serves does not mind"}``."""

INSTEAD = {
    "ADD_UNIQUE": "All writes wait while the table is searched for doubles; build a unique index concurrently first.",
    "ALTER_COLUMN": "The table is written anew, and nobody reads it meanwhile; add a column and fill that.",
    "CREATE_INDEX": "All writes wait for it; use AddIndexConcurrently, alone in a migration with atomic = False.",
    "CREATE_INDEX_EXCLUSIVE": "An index belongs into a migration of its own, not behind a change of its table.",
    "DROP_COLUMN": "The code that serves still reads it; let a release pass that does not know it, then drop it.",
    "DROP_INDEX": "All wait for it; use RemoveIndexConcurrently, alone in a migration with atomic = False.",
    "DROP_TABLE": "The code that serves still reads it; let a release pass that does not know it, then drop it.",
    "NOT_NULL": "The code that serves inserts rows without it; give it a db_default, or null=True for a release.",
    "REINDEX": "All writes wait for it; use REINDEX CONCURRENTLY, alone in a migration with atomic = False.",
    "RENAME_COLUMN": "The code that serves knows the old name; rename the attribute and keep the name with db_column.",
    "RENAME_TABLE": "The code that serves knows the old name; rename the model and keep the name with db_table.",
}
"""What is refused, and what to do instead."""


def refusals(migration: Migration, before: ProjectState) -> list[str]:
    """What stands against a migration that comes after that state: a sentence each."""
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(before.clone(), editor, collect_sql=True)
    statements = _of_older_tables([line for text in editor.collected_sql for line in text.splitlines()])
    found = analyse_sql_statements(PostgresqlAnalyser, ["BEGIN;"] * migration.atomic + statements)
    name = f"{migration.app_label}.{migration.name}"
    codes = sorted({issue.code for issues in found for issue in issues})
    return [f"{name} {code}: {INSTEAD[code]}" for code in codes if f"{name} {code}" not in ACCEPTED]


def _of_older_tables(statements: list[str]) -> list[str]:
    """What is not about a table that the migration makes itself: nobody reads that one yet, and it is empty."""
    tables = [re.escape(found[1]) for line in statements if (found := re.match(r'CREATE TABLE ("[^"]+")', line))]
    if not tables:
        return statements
    new = re.compile(rf"(ALTER TABLE|CREATE (UNIQUE )?INDEX \S+ ON) ({'|'.join(tables)}) ")
    return [line for line in statements if not new.match(line)]


@pytest.fixture
def loader(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[MigrationLoader]:
    """All migrations there are. The database is only read, in no transaction: concurrent indexes want none."""
    with django_db_blocker.unblock():
        yield MigrationLoader(connection)


def test_no_migration_breaks_the_code_that_still_serves(loader: MigrationLoader) -> None:
    assert {migration.app_label for migration in loader.disk_migrations.values()} >= set(BEFORE_THIS_RULE)
    judged = [
        migration
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in BEFORE_THIS_RULE and name[:4] > BEFORE_THIS_RULE[app]
    ]
    told = [
        sentence
        for migration in judged
        for sentence in refusals(migration, loader.project_state((migration.app_label, migration.name), at_end=False))
    ]
    assert not told, "\n".join(["Refused; CONTRIBUTING.md, Migrations:", *told])


@dataclass
class Sample:
    """A migration of accounts that somebody may write."""

    operation: Operation
    atomic: bool = True

    def refusals(self, loader: MigrationLoader) -> list[str]:
        """What is said of it, on top of all that there are."""
        kind = type("Migration", (Migration,), {"operations": [self.operation], "atomic": self.atomic})
        return refusals(kind("9999_sample", "accounts"), loader.project_state())


BY_DATE = models.Index(fields=["date"], name="sample_by_date")
ONCE = models.UniqueConstraint(fields=["account", "name"], name="sample_once")
NOTE = models.CharField(max_length=20, default="")
UNSAFE = {
    "DROP_COLUMN": Sample(operations.RemoveField("contact", "phone")),
    "RENAME_COLUMN": Sample(operations.RenameField("contact", "phone", "telephone")),
    "RENAME_TABLE": Sample(operations.AlterModelTable("contact", "people")),
    "DROP_TABLE": Sample(operations.DeleteModel("Allocation")),
    "NOT_NULL": Sample(operations.AddField("invoice", "note", NOTE)),
    "CREATE_INDEX": Sample(operations.AddIndex("invoice", BY_DATE)),
    "DROP_INDEX": Sample(operations.RunSQL("DROP INDEX some_index")),
    "ADD_UNIQUE": Sample(operations.AddConstraint("contact", ONCE)),
    "ALTER_COLUMN": Sample(operations.AlterField("invoiceline", "position", models.BigIntegerField())),
}
SAFE = {
    "a column that may be empty": Sample(
        operations.AddField("invoice", "note", models.CharField(max_length=20, null=True))
    ),
    "a column that the database fills": Sample(
        operations.AddField("invoice", "note", models.CharField(max_length=20, default="", db_default=""))
    ),
    "an index that is built while people work": Sample(AddIndexConcurrently("invoice", BY_DATE), atomic=False),
    "a new table, with an index of its own": Sample(
        operations.CreateModel(
            "Note",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("text", models.CharField(max_length=20, unique=True)),
                ("invoice", models.ForeignKey("accounts.Invoice", models.CASCADE)),
            ],
            {"constraints": [models.UniqueConstraint(models.F("text"), name="one", condition=~models.Q(text=""))]},
        )
    ),
    "another word for a choice": Sample(
        operations.AlterField("contact", "phone", models.CharField("telephone", max_length=40, blank=True))
    ),
}


@pytest.mark.parametrize("code", UNSAFE)
def test_what_old_code_cannot_live_with_is_refused_with_what_to_do_instead(code: str, loader: MigrationLoader) -> None:
    assert f"accounts.9999_sample {code}: {INSTEAD[code]}" in UNSAFE[code].refusals(loader)


@pytest.mark.parametrize("what", SAFE)
def test_what_old_code_does_not_notice_passes(what: str, loader: MigrationLoader) -> None:
    assert SAFE[what].refusals(loader) == []


def test_one_that_is_accepted_for_a_reason_passes(loader: MigrationLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACCEPTED, "accounts.9999_sample DROP_COLUMN", "no code has read it for a release")
    assert UNSAFE["DROP_COLUMN"].refusals(loader) == []


def test_every_check_of_the_library_has_a_sentence() -> None:
    assert {check.code for check in PostgresqlAnalyser(None).migration_checks} == set(INSTEAD)
