#!/usr/bin/env python
"""Django's management commands."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db.utils import OperationalError


def main() -> None:
    """Run the command; where the database is not to be had, end with a sentence instead of a trace."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "connection to server" not in str(error):
            raise
        sys.exit(
            f"The database cannot be reached: {str(error).strip()}\n"
            "`make run` starts it, and it runs as long as that does; or set DATABASE_URL."
        )


if __name__ == "__main__":
    main()
