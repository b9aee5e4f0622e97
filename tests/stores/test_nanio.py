"""nanio, which destroys data."""

from tests.stores.conftest import on
from tests.stores.suite import *  # noqa: F403

pytestmark = on("nanio")
