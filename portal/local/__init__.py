"""Runs and tests the whole portal on one machine from nothing but Python; never imported by what runs in production,
except for `addresses`, which settings ask where the local servers are.
"""
