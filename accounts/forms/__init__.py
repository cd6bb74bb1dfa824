"""The forms of the books. They say what a field may hold; what the books allow is said by ``accounts.services``."""

from accounts.forms.clients import AccountForm, contact_forms
from accounts.forms.fields import refuse
from accounts.forms.imports import ImportForm
from accounts.forms.invoices import InvoiceForm, line_forms
from accounts.forms.payments import PaymentForm

__all__ = ["AccountForm", "ImportForm", "InvoiceForm", "PaymentForm", "contact_forms", "line_forms", "refuse"]
