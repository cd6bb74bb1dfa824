"""The addresses of QuickBooks' screens: of one account, of one document, and the integration's settings."""

from django.urls import path

from qbsync.views import (
    accounts,
    bulk,
    connecting,
    digest,
    documents,
    matching,
    moves,
    reconciliation,
    settings,
    webhooks,
)
from qbsync.views.errors import accept as error_accept
from qbsync.views.errors import page as errors
from qbsync.views.errors import retry as error_retry
from qbsync.views.errors import retry_all as errors_retry
from qbsync.views.errors import skip as error_skip
from qbsync.views.metrics import metrics

ACCOUNT = "clients/accounts/<int:pk>/quickbooks/"
INVOICE = "clients/invoices/<int:pk>/quickbooks/"
PAYMENT = "clients/payments/<int:pk>/quickbooks/"
SETTINGS = "settings/integrations/quickbooks/"

urlpatterns = [
    path("metrics", metrics, name="metrics"),
    path("webhooks/quickbooks/", webhooks.receive, name="quickbooks_webhooks"),
    path("clients/accounts/quickbooks/cells/", accounts.cells, name="quickbooks_cells"),
    path("clients/accounts/quickbooks/bulk/undo/", bulk.undo, name="quickbooks_bulk_undo"),
    path("clients/accounts/quickbooks/bulk/<slug:verb>/", bulk.bulk, name="quickbooks_bulk"),
    path(ACCOUNT + "panel/", accounts.panel, name="quickbooks_panel"),
    path(ACCOUNT + "dialog/", accounts.dialog, name="quickbooks_dialog"),
    path(ACCOUNT + "sync/", accounts.sync, name="quickbooks_sync"),
    path(ACCOUNT + "numbers/", accounts.numbers, name="quickbooks_numbers"),
    path(ACCOUNT + "create/", accounts.create, name="quickbooks_create"),
    path(ACCOUNT + "unsync/", accounts.unsync, name="quickbooks_unsync"),
    path(ACCOUNT + "change/", accounts.change, name="quickbooks_change"),
    path(ACCOUNT + "reconciliation/", reconciliation.of_account, name="quickbooks_account_reconciliation"),
    path(
        ACCOUNT + "reconciliation.csv",
        reconciliation.export_of_account,
        name="quickbooks_account_reconciliation_export",
    ),
    path(ACCOUNT + "undo/", moves.undo, name="quickbooks_undo"),
    path(ACCOUNT + "elsewhere/", moves.elsewhere, name="quickbooks_elsewhere"),
    path("clients/accounts/<int:pk>/activity/", accounts.activity, name="account_activity"),
    path(INVOICE + "cell/", documents.invoice_cell, name="quickbooks_invoice_cell"),
    path(INVOICE + "sync/", documents.invoice_sync, name="quickbooks_invoice_sync"),
    path(INVOICE + "skip/", documents.invoice_skip, name="quickbooks_invoice_skip"),
    path(INVOICE + "remedy/<slug:remedy>/", documents.invoice_remedy, name="quickbooks_invoice_remedy"),
    path(PAYMENT + "remedy/<slug:remedy>/", documents.payment_remedy, name="quickbooks_payment_remedy"),
    path(PAYMENT + "cell/", documents.payment_cell, name="quickbooks_payment_cell"),
    path(PAYMENT + "sync/", documents.payment_sync, name="quickbooks_payment_sync"),
    path(PAYMENT + "skip/", documents.payment_skip, name="quickbooks_payment_skip"),
    path(SETTINGS, settings.page, name="quickbooks_settings"),
    path(SETTINGS + "progress/", settings.progress, name="quickbooks_progress"),
    path(SETTINGS + "links/", settings.validate_links, name="quickbooks_links_validate"),
    path(SETTINGS + "runs/", settings.runs, name="quickbooks_runs"),
    path(SETTINGS + "reconciliation/", reconciliation.of_firm, name="quickbooks_reconciliation"),
    path(SETTINGS + "reconciliation.csv", reconciliation.export_of_firm, name="quickbooks_reconciliation_export"),
    path(SETTINGS + "errors/", errors, name="quickbooks_errors"),
    path(SETTINGS + "errors/retry/", errors_retry, name="quickbooks_errors_retry"),
    path(SETTINGS + "errors/<slug:kind>/<int:pk>/accept/", error_accept, name="quickbooks_error_accept"),
    path(SETTINGS + "errors/<slug:kind>/<int:pk>/retry/", error_retry, name="quickbooks_error_retry"),
    path(SETTINGS + "errors/<slug:kind>/<int:pk>/skip/", error_skip, name="quickbooks_error_skip"),
    path(SETTINGS + "usage/", settings.usage, name="quickbooks_usage"),
    path(SETTINGS + "digest/", digest.choose, name="quickbooks_digest"),
    path("digest/stop/<str:token>/", digest.stop, name="quickbooks_digest_stop"),
    path(SETTINGS + "try-again/", settings.try_again, name="quickbooks_try_again"),
    path(SETTINGS + "edit/", settings.edit, name="quickbooks_settings_edit"),
    path(SETTINGS + "disconnect/", settings.disconnect, name="quickbooks_disconnect"),
    path(SETTINGS + "connect/", connecting.explain, name="quickbooks_connect"),
    path(SETTINGS + "connect/accounts/", connecting.choose_accounts, name="quickbooks_connect_accounts"),
    path(SETTINGS + "reconnect/", connecting.reconnect, name="quickbooks_reconnect"),
    path(SETTINGS + "another-company/", connecting.another_company, name="quickbooks_another_company"),
    path(SETTINGS + "callback", connecting.callback, name="quickbooks_callback"),
    path(SETTINGS + "match/", matching.queue, name="quickbooks_match_queue"),
    path(SETTINGS + "match/sure/", matching.sure, name="quickbooks_match_sure"),
    path(SETTINGS + "match/<int:pk>/", matching.account, name="quickbooks_match_account"),
    path("help/matching/", matching.explained, name="matching_help"),
    path(SETTINGS + "setup/", connecting.set_up, name="quickbooks_setup"),
]
