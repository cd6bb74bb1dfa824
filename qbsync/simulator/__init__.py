"""A QuickBooks Online company that runs locally: the product's only fake, met only over HTTP.

It imports nothing of the project and nothing imports it. `README.md` beside this file says how to run
and control it, what is simulated and what is not.
"""
