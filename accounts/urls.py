"""Which address shows what of the firm's books."""

from django.urls import path

from accounts.views import assigning, ending, importing, info, invoices, listing, payments, tags
from accounts.views.documents import invoice_list, payment_list

urlpatterns = [
    path("clients/accounts/", listing.account_list, name="account_list"),
    path("clients/accounts/columns/", listing.account_columns, name="account_columns"),
    path("clients/accounts/export.csv", listing.account_export, name="account_export"),
    path("clients/accounts/new/", info.account_create, name="account_create"),
    path("clients/accounts/<int:pk>/info/", info.account_info, name="account_info"),
    path("clients/accounts/<int:pk>/edit/", info.account_edit, name="account_edit"),
    path("clients/accounts/<int:pk>/archive/", info.account_archive, name="account_archive"),
    path("clients/accounts/<int:pk>/restore/", info.account_restore, name="account_restore"),
    path("clients/accounts/<int:pk>/invoices/", invoices.account_invoices, name="account_invoices"),
    path("clients/accounts/<int:pk>/invoices/new/", invoices.invoice_create, name="invoice_create"),
    path("clients/accounts/<int:pk>/invoices/<int:invoice_pk>/", invoices.invoice_info, name="invoice_info"),
    path("clients/accounts/<int:pk>/invoices/<int:invoice_pk>/edit/", invoices.invoice_edit, name="invoice_edit"),
    path("clients/accounts/<int:pk>/invoices/<int:document_pk>/void/", ending.invoice_void, name="invoice_void"),
    path("clients/accounts/<int:pk>/invoices/<int:document_pk>/delete/", ending.invoice_delete, name="invoice_delete"),
    path("clients/accounts/<int:pk>/payments/", payments.account_payments, name="account_payments"),
    path("clients/accounts/<int:pk>/payments/new/", payments.payment_create, name="payment_create"),
    path("clients/accounts/<int:pk>/payments/<int:payment_pk>/", payments.payment_info, name="payment_info"),
    path("clients/accounts/<int:pk>/payments/<int:payment_pk>/edit/", payments.payment_edit, name="payment_edit"),
    path("clients/accounts/<int:pk>/payments/<int:document_pk>/void/", ending.payment_void, name="payment_void"),
    path("clients/accounts/<int:pk>/payments/<int:document_pk>/delete/", ending.payment_delete, name="payment_delete"),
    path("clients/invoices/", invoice_list, name="invoice_list"),
    path("clients/payments/", payment_list, name="payment_list"),
    path("clients/import/", importing.books_import, name="books_import"),
    path("clients/import/<slug:kind>.csv", importing.books_import_template, name="books_import_template"),
    path("clients/import/<str:token>/", importing.books_import_report, name="books_import_report"),
    path("settings/tags/", tags.tag_list, name="tag_list"),
    path("settings/tags/new/", tags.tag_create, name="tag_create"),
    path("settings/tags/<int:pk>/", tags.tag_edit, name="tag_edit"),
    path("settings/tags/<int:pk>/delete/", tags.tag_delete, name="tag_delete"),
    path("settings/team/<int:pk>/accounts/", assigning.member_accounts, name="member_accounts"),
]
