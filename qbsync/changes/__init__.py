"""What happened in QuickBooks: noticed by polls and webhooks, judged, and said on links and documents.

``poll``       one look at all that changed since the last, and when to look again
``links``      accounts whose customer was merged, or is active again
``validating`` all links asked about one by one, on demand
``webhooks``   what QuickBooks tells by itself, which only has it looked at sooner
``documents``  copies of invoices and payments that somebody changed there
"""
