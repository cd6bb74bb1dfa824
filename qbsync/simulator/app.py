"""Owns the process: the web application put together, its background work, its start and end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from . import api, control, oauth, webhooks
from .pages import routes as pages
from .simulator import Simulator
from .state import SIM

LONGEST_ADDRESS = 64 * 1024  # clients put whole queries into it


def build(data_dir: Path) -> web.Application:
    """The application over the companies stored in `data_dir`."""
    app = web.Application(client_max_size=api.BODY_CAP)
    app[SIM] = Simulator(data_dir)
    app.add_routes([*control.routes(), *oauth.routes(), *api.routes(), *pages.routes()])
    app.cleanup_ctx.append(_background)
    return app


async def _background(app: web.Application) -> AsyncIterator[None]:
    sim = app[SIM]
    tasks = [asyncio.create_task(webhooks.run(sim)), asyncio.create_task(_keep_counts(sim))]
    yield
    for task in [*tasks, *sim.later]:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    sim.close()


async def _keep_counts(sim: Simulator) -> None:
    while True:
        await asyncio.sleep(1)
        sim.flush_counts()


def serve(host: str, port: int, data_dir: Path) -> None:
    """Run until SIGINT or SIGTERM."""
    print(f"QuickBooks Online simulator on http://{host}:{port}/ (data in {data_dir})", flush=True)  # noqa: T201
    web.run_app(
        build(data_dir), host=host, port=port, print=None, access_log=None, shutdown_timeout=2,
        max_line_size=LONGEST_ADDRESS, max_field_size=LONGEST_ADDRESS,
    )  # fmt: skip
