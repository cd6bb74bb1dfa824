"""QuickBooks' template tags."""
