"""The environment of the tests, set before the settings are read (addopts: -p tests.environment).

Only DATABASE_URL, LADING_BROKER and LADING_REQUIRE_ALL are taken from outside, so that the same
suite runs on PostgreSQL and Redis; nothing else of the machine, nor of .env, has a say.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

FROM_OUTSIDE = {"LADING_BROKER", "LADING_REQUIRE_ALL"}

for name in set(os.environ) - FROM_OUTSIDE:
    if name.startswith("LADING_"):
        del os.environ[name]

DATA = tempfile.mkdtemp(prefix="lading-tests-")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)

os.environ.update(
    PYTHON_DOTENV_DISABLED="1",
    LADING_SECRET_KEY="for the tests alone: 8d0kVqW5mXyR2sTgB7nJ4hLpC9fZ1eQu",
    LADING_DATA=DATA,
    # Never an identity of the machine's own: what a role does not say is not known.
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
)
