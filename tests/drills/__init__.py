"""Failure drills: a whole portal as `make run` starts it, whose parts are taken away while it works."""
