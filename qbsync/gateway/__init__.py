"""The only door to Intuit: everything that is sent to QuickBooks goes through here. Knows no model and no rule of ours."""
