"""The one way in which a verb says no."""


class Refused(Exception):
    """What was asked cannot be done; nothing was changed. ``str()`` is a sentence for the person who asked."""
