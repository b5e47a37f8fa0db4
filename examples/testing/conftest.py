"""The sandbox for every test in this folder."""

from crmbridge.testing.fixtures import *  # noqa: F403
