"""QuickBooks' pages and buttons: load, authorise, call one service or selector, render or redirect."""
