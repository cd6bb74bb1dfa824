"""`manage.py reset_two_factor EMAIL`: takes a lost second factor off a person's sign-in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.mail import MailFailed
from portal.models import User
from portal.selectors.team import memberships_of
from portal.services.errors import TeamError
from portal.services.two_factor_reset import tell_of_reset, two_factor_reset_by_operator


class Command(BaseCommand):
    """For owners, people of two firms and staff, whose second factor no firm may reset."""

    help = (
        "Takes the second factor and the recovery codes off a person's sign-in and ends their sessions: from then on "
        "their password alone is enough. They are told by e-mail, and it stands in the history of each of their firms."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address, and whether nobody is there to type it once more."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("--yes", action="store_true", help="do not ask for the address once more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset it, or say why not."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"Nobody signs in with {options['email']}. Nothing was changed.")
        if not options["yes"]:
            self._ask(user)
        try:
            two_factor_reset_by_operator(user=user)
        except TeamError as refusal:
            raise CommandError(f"{refusal} Nothing was changed.") from None
        self.stdout.write(f"The second factor of {user.email} was reset, and their sessions were ended.")
        try:
            tell_of_reset(user, by=None)
        except MailFailed:
            self.stderr.write(self.style.WARNING("The e-mail to them could not be sent: tell them yourself."))

    def _ask(self, user: User) -> None:
        firms = ", ".join(str(place.firm) for place in memberships_of(user)) or "no firm"
        self.stdout.write(f"{user} works for {firms}. Be sure that it is they who ask.")
        typed = input("Type the address once more to go on: ")
        if typed.strip().lower() != user.email.lower():
            raise CommandError(f"That is not {user.email}. Nothing was changed.")
