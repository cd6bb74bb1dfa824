"""Owns the one name under which handlers find the `Simulator`."""

from aiohttp import web

from .simulator import Simulator

SIM: web.AppKey[Simulator] = web.AppKey("sim", Simulator)
