"""`manage.py rotate_keys`: encrypts stored tokens and two-factor secrets anew with the newest key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qbsync.rotation import rotate


class Command(BaseCommand):
    """Runs beside a working portal, and may be repeated: what the newest key has encrypted is left alone."""

    help = (
        "Encrypts stored tokens and two-factor secrets anew with the first key of TOKEN_ENCRYPTION_KEYS, so that "
        "the older ones can be taken out. Every process must know the new key before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail while an older key is needed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say how many secrets there are; fail where one cannot be read."""
        check: bool = options["check"]
        found = rotate(write=not check)
        self.stdout.write(
            f"{found.newest} secrets were encrypted with the newest key; "
            f"{found.older} with an older one{'' if check else ', and are with the newest now'}."
        )
        if found.unreadable:
            raise CommandError(f"No key of TOKEN_ENCRYPTION_KEYS opens: {'; '.join(found.unreadable)}.")
        if check and found.older:
            raise CommandError("The older keys are still needed. Run `manage.py rotate_keys` before taking them out.")
