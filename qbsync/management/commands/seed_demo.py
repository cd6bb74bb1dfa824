"""``seed_demo``: two demonstration firms with books, their QuickBooks companies, and one of them connected."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from accounts.models import Account, Invoice, Payment
from accounts.services import invoice_void, payment_void
from accounts.services.bulk import books_import
from portal.models import Firm
from qbsync.demo import books
from qbsync.demo.clients import Client, clients
from qbsync.demo.company import company
from qbsync.demo.connect import DemoFailed, Simulator, connect
from qbsync.demo.people import BIRCH, HARTWELL, DemoFirm, firm_ensure, owner_of


class Command(BaseCommand):
    """Makes what is missing, in the order in which it is needed; run again, it changes nothing that is there."""

    help = "Make the demonstration firms, with sign-ins, books and QuickBooks companies in the simulator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How large, and how far."""
        parser.add_argument("--accounts", type=int, default=HARTWELL.clients, help="of the connected firm")
        parser.add_argument("--simulator-url", default=settings.QBO_API_BASE_URL)
        parser.add_argument("--skip-connect", action="store_true", help="leave both firms unconnected")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make sign-ins, books, companies, and the connection."""
        if settings.QBO_ENVIRONMENT != "simulator":
            raise CommandError(
                f"QBO_ENVIRONMENT is {settings.QBO_ENVIRONMENT}. The demonstration exists only with the simulator."
            )
        if not 50 <= options["accounts"] <= 100_000:
            raise CommandError("--accounts must be from 50 to 100,000.")
        demos = [replace(HARTWELL, clients=options["accounts"]), BIRCH]
        made = [(demo, firm_ensure(demo), clients(demo.cases, demo.clients, demo.seed)) for demo in demos]
        for demo, firm, drawn in made:
            self._books(demo, firm, drawn)
        try:
            for demo, firm, drawn in made:
                self._quickbooks(demo, firm, drawn, Simulator(options["simulator_url"]), options["skip_connect"])
        except DemoFailed as failed:
            raise CommandError(str(failed)) from failed

    def _books(self, demo: DemoFirm, firm: Firm, drawn: list[Client]) -> None:
        with transaction.atomic():
            if not Account.objects.filter(firm=firm).exists():
                _write(firm, books.draw(drawn, demo.team, demo.seed))
        counts = [(model, model.objects.filter(firm=firm).count()) for model in (Account, Invoice, Payment)]
        self._say(firm, ", ".join(f"{count:,} {model._meta.verbose_name_plural}" for model, count in counts))

    def _quickbooks(
        self, demo: DemoFirm, firm: Firm, drawn: list[Client], simulator: Simulator, skip_connect: bool
    ) -> None:
        if simulator.has_company(demo.realm_id):
            self._say(firm, f"QuickBooks company {demo.realm_id} was there")
        else:
            simulator.company_create(company(demo, drawn))
            self._say(firm, f"QuickBooks company {demo.realm_id} made")
        simulator.webhooks_register(
            demo.realm_id,
            url=settings.PORTAL_BASE_URL + reverse("quickbooks_webhooks"),
            verifier_token=settings.QBO_WEBHOOK_VERIFIER_TOKENS[0],
        )
        if demo.is_connected and not skip_connect:
            skipped = [client.name for client in drawn if client.is_skipped]
            done = connect(firm, owner_of(firm), simulator, demo.realm_id, skipped)
            self._say(firm, "connected; its first sync begins" if done else "was connected before")

    def _say(self, firm: Firm, text: str) -> None:
        self.stdout.write(f"{firm.name}: {text}.")


def _write(firm: Firm, drawn: books.DemoBooks) -> None:
    books_import(firm=firm, accounts=drawn.accounts, invoices=drawn.invoices, payments=drawn.payments)
    for payment in Payment.objects.filter(firm=firm, number__in=drawn.void_payments):
        payment_void(payment=payment)
    for invoice in Invoice.objects.filter(firm=firm, number__in=drawn.void_invoices):
        invoice_void(invoice=invoice)
