"""The portal's settings for processes of a drill that are to tell the time otherwise (see ``clocks``)."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS.append("tests.drills.clocks.Clocks")
