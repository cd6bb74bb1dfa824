"""Takes documents that are in QuickBooks along to the customer that their account was given."""

from qbsync.moving.mover import Moved, move

__all__ = ["Moved", "move"]
