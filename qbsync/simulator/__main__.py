"""`python -m qbsync.simulator --port N --data-dir DIR`."""

import argparse
from pathlib import Path

from .app import serve


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="simulator", description="A QuickBooks Online company that runs locally.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder that holds the companies")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port, arguments.data_dir)


if __name__ == "__main__":
    main()
