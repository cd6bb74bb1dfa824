import uuid
from typing import Any

import django.contrib.postgres.functions
from django.db import migrations, models

AT_ONCE = 5000


def give_each_a_uid(apps: Any, schema_editor: Any) -> None:
    """Some thousand rows at a time, each in a transaction of its own: people go on writing meanwhile."""
    with schema_editor.connection.cursor() as cursor:
        for table in ("accounts_invoice", "accounts_payment"):
            while True:
                cursor.execute(
                    f"UPDATE {table} SET uid = gen_random_uuid() WHERE id IN "  # noqa: S608 - names from above
                    f"(SELECT id FROM {table} WHERE uid IS NULL LIMIT {AT_ONCE})"
                )
                if not cursor.rowcount:
                    break


def make_it_fast(table: str) -> Any:
    """Make the column NOT NULL and unique without a lock that keeps people waiting. May be repeated after a failure."""
    index, check = f"{table}_uid_key", f"{table}_uid_is_there"
    return migrations.RunSQL(
        [
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {index}",
            f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
            f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} (uid)",
            f"ALTER TABLE {table} ADD CONSTRAINT {index} UNIQUE USING INDEX {index}",
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}",
            f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK (uid IS NOT NULL) NOT VALID",
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}",
            f"ALTER TABLE {table} ALTER COLUMN uid SET NOT NULL",
            f"ALTER TABLE {table} DROP CONSTRAINT {check}",
        ],
        reverse_sql=migrations.RunSQL.noop,
        state_operations=[
            migrations.AlterField(
                model_name=table.removeprefix("accounts_"),
                name="uid",
                field=models.UUIDField(
                    db_default=django.contrib.postgres.functions.RandomUUID(),
                    default=uuid.uuid4,
                    editable=False,
                    unique=True,
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    """What is not in one transaction may be run again from the start."""

    atomic = False

    dependencies = [
        ("accounts", "0009_documents_have_a_uid"),
    ]

    operations = [
        migrations.RunPython(give_each_a_uid, migrations.RunPython.noop),
        make_it_fast("accounts_invoice"),
        make_it_fast("accounts_payment"),
    ]
