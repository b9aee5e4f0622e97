"""One server of each kind per process, and what the run found for docs/stores.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.stores import matrix
from tests.stores.ceph import Ceph
from tests.stores.servers import SERVERS, Missing, Server
from tests.stores.shop import Shop

ALL: dict[str, type[Server]] = {each.name: each for each in (Ceph, *SERVERS)}
Observe = Callable[[dict[str, str]], None]


def on(name: str) -> list[pytest.MarkDecorator]:
    """The marks of a file whose tests run on a store. One process runs a whole file."""
    return [pytest.mark.stores, pytest.mark.parametrize("shop", [name], indirect=True)]


@pytest.fixture(scope="session")
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A store that runs."""
    server = ALL[request.param](tmp_path_factory.mktemp(request.param))
    try:
        server.open()
    except Missing as missing:
        if os.environ.get("LADING_REQUIRE_ALL") == "1" and not server.optional:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    try:
        yield Shop(server)
    finally:
        server.close()


@pytest.fixture
def observe(shop: Shop, record_property: Callable[[str, object], None]) -> Observe:
    """Keep what was seen for the table: observe({line: verdict})."""
    return lambda lines: record_property("observed", [shop.name, lines])


class Table:
    """Gathers what the tests saw, in whatever process, and writes it when all were there."""

    def __init__(self) -> None:
        self.observed: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test kept."""
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == "observed":
                    store, lines = value  # type: ignore[misc]
                    self.observed.setdefault(store, {}).update(lines)

    def pytest_sessionfinish(self) -> None:
        """Write the table where every line of every store that ran was seen."""
        if matrix.is_complete(self.observed):
            matrix.write({name: each.title for name, each in ALL.items()}, self.observed)


def pytest_configure(config: pytest.Config) -> None:
    """Only the process that starts the others gathers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(), "table-of-stores")
