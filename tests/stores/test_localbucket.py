"""localbucket, which refuses what it does not know."""

from tests.stores.conftest import on
from tests.stores.suite import *  # noqa: F403

pytestmark = on("localbucket")
