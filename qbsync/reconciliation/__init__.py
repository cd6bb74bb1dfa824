"""Reconciliation: what the firm's books and QuickBooks say of the same accounts, side by side. Never writes to either.

``comparing``   the two sides and their differences. Pure
``ours``        reads the firm's books
``theirs``      reads QuickBooks, many pages in one request
``reconciling`` one comparison, from claim to result
"""
