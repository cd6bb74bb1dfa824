"""The demonstration: two firms with books of a year, and their QuickBooks companies in the simulator.

Everything is drawn from fixed seeds, so it is the same on every machine. The simulator is reached over HTTP only.

``people``   the firms and those who sign in
``names``    names to draw from
``cases``    clients that are hard to match, each written by hand
``clients``  who the clients are
``books``    their invoices and payments
``company``  the QuickBooks company that belongs to a firm's clients
``connect``  makes companies, and walks through Intuit's sign-in as the owner would
"""
