"""The refusal of a change to the team, in a sentence for the person who asked for it."""

from __future__ import annotations


class TeamError(Exception):
    """The change breaks a rule or comes too late; nothing was changed. Its text is a sentence for people."""
