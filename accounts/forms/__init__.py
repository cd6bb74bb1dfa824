"""The forms of the books. They say what a field may hold; what the books allow is said by ``accounts.services``."""

from accounts.forms.clients import AccountForm, contact_forms
from accounts.forms.fields import refuse
from accounts.forms.imports import ImportForm
from accounts.forms.invoices import InvoiceForm, line_forms
from accounts.forms.payments import PaymentForm
from accounts.forms.tags import TagForm

__all__ = [
    "AccountForm",
    "ImportForm",
    "InvoiceForm",
    "PaymentForm",
    "TagForm",
    "contact_forms",
    "line_forms",
    "refuse",
]
