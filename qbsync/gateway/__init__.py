"""The only door to Intuit: whatever is sent to QuickBooks goes through here. It knows no model and no rule of ours."""
