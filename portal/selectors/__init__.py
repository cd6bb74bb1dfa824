"""Reads for the portal's own screens."""
