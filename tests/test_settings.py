"""Settings: a wrong value stops the start with a sentence that names it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = {
    "PATH": os.environ["PATH"],
    "PYTHON_DOTENV_DISABLED": "1",
    "LADING_SECRET_KEY": "a long random text of the tests: kPq8ZsWm3VbXc7RtYn5LdGh2JfKe9Qa",
}


def python(code: str, environment: dict[str, str], tmp_path: Path) -> tuple[int, str]:
    """Run code in a fresh Python with just this environment; its exit status and all it said."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**DEFAULTS, "LADING_DATA": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def setting(expression: str, environment: dict[str, str], tmp_path: Path) -> str:
    """What an expression over the settings says."""
    status, told = python(
        f"from config import settings; print({expression})", environment, tmp_path
    )
    assert status == 0, told
    return told.strip()


WRONG = {
    "LADING_SECRET_KEY": ["", "   "],
    "LADING_ACCOUNT_ID": ["42", "12345678901x", "1234567890123"],
    "LADING_REGION": ["US EAST", "us_east_1"],
    "LADING_BIND": ["8000", "localhost", "127.0.0.1:web"],
    "LADING_WORKERS": ["0", "65", "-1", "two", "1.5"],
    "LADING_ACTIVE_JOBS": ["0", "1001", "many"],
    "LADING_API_RATE": ["-1", "1000001", "many"],
    "LADING_LEASE_SECONDS": ["2", "601", "30s"],
    "LADING_THREADS": ["0", "257", "x"],
    "LADING_CONNECTIONS": ["0", "901", "x"],
    "LADING_DEBUG": ["True", "1", "yes"],
    "LADING_HTTPS": ["on", "0"],
    "LADING_ENDPOINTS": ["https://s3.example.org", "store:9000", "10.1.2.3/8", "a.org,*"],
    "LADING_PROXIES": ["-1", "10", "one"],
    "LADING_BROKER": ["rabbit", "redis", "redis://"],
    "LADING_SPOOL": [
        "s3://bucket/prefix?access_key=x",
        "s3://",
        "s3://bucket?addressing_style=host",
    ],
    "DATABASE_URL": ["mysql://host/db", "nonsense", "postgres//host/db"],
}
ANYTHING_GOES = {
    "LADING_DATA",
    "LADING_ALLOWED_HOSTS",
    "LADING_TRUSTED_ORIGINS",
    "LADING_SECRET_KEY_FALLBACKS",
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_wrong_value_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    status, told = python("import config.settings", {name: value}, tmp_path)

    last = told.strip().splitlines()[-1]
    assert status == 1
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert name in last


@pytest.mark.parametrize("command", ["migrate", "run", "check"])
def test_a_command_tells_a_wrong_value_in_one_sentence(tmp_path: Path, command: str) -> None:
    code = f"import sys, manage; sys.argv[1:] = ['{command}']; manage.main()"

    status, told = python(code, {"LADING_WORKERS": "zero"}, tmp_path)

    assert status == 1
    assert told == "LADING_WORKERS must be a whole number from 1 to 64, not 'zero'.\n"


def test_a_wrong_endpoint_is_told_with_what_may_be_listed(tmp_path: Path) -> None:
    code = "import sys, manage; sys.argv[1:] = ['check']; manage.main()"

    status, told = python(code, {"LADING_ENDPOINTS": "10.0.0.0/8, store:9000"}, tmp_path)

    assert status == 1
    assert told == (
        "LADING_ENDPOINTS must be host names (*.example.org for all below one), addresses and "
        "networks such as 10.0.0.0/8, separated by commas, without scheme or port; "
        "'store:9000' is none of these.\n"
    )


def test_the_web_server_does_not_start_without_a_secret_key(tmp_path: Path) -> None:
    status, told = python("import config.wsgi", {"LADING_SECRET_KEY": ""}, tmp_path)

    assert status == 1
    assert "LADING_SECRET_KEY is not set" in told


RIGHT = [
    # an expression, the environment, and what it comes to
    ("settings.LADING_ACCOUNT_ID", {}, "000000000000"),
    ("settings.LADING_WORKERS", {"LADING_WORKERS": " 8 "}, "8"),
    ("settings.LADING_WORKERS", {"LADING_WORKERS": ""}, "2"),
    ("settings.DEBUG", {}, "False"),
    ("settings.DEBUG", {"LADING_DEBUG": "true"}, "True"),
    ("settings.ALLOWED_HOSTS", {"LADING_ALLOWED_HOSTS": "a.org, b.org,"}, "['a.org', 'b.org']"),
    ("settings.SECRET_KEY_FALLBACKS", {"LADING_SECRET_KEY_FALLBACKS": "one,two"}, "['one', 'two']"),
    ("settings.LADING_ENDPOINTS.lists('store', '10.1.2.3')", {}, "True"),
    (
        "settings.LADING_ENDPOINTS.names, *settings.LADING_ENDPOINTS.networks",
        {"LADING_ENDPOINTS": " *.Example.org, 10.0.0.0/8 ,[::1],"},
        "frozenset({'*.example.org'}) 10.0.0.0/8 ::1/128",
    ),
    ("settings.DATABASES['default']['ENGINE']", {}, "jobs.sqlite"),
    (
        "*map(settings.DATABASES['default'].get, ('HOST', 'CONN_HEALTH_CHECKS'))",
        {"DATABASE_URL": "postgres://me:pw@db.example.org/lading"},
        "db.example.org True",
    ),
    (
        "settings.DATABASES['default']['OPTIONS']",
        {"DATABASE_URL": "postgres://me:pw@db.example.org/lading?sslmode=require"},
        "{'options': '-c idle_in_transaction_session_timeout=20s', 'sslmode': 'require'}",
    ),
    ("settings.Q_CLUSTER['orm']", {}, "default"),
    (
        "settings.Q_CLUSTER['redis'], 'orm' in settings.Q_CLUSTER",
        {"LADING_BROKER": "redis://localhost:6379/3"},
        "redis://localhost:6379/3 False",
    ),
    ("settings.STORAGES['spool']['BACKEND']", {}, "jobs.spool.FolderSpool"),
    (
        "settings.STORAGES['spool']['OPTIONS']['bucket_name'], "
        "settings.STORAGES['spool']['OPTIONS']['location'], "
        "settings.STORAGES['spool']['OPTIONS']['endpoint_url'], "
        "settings.STORAGES['spool']['OPTIONS']['addressing_style']",
        {"LADING_SPOOL": "s3://spool/lading/?endpoint_url=http://store:9000"},
        "spool lading http://store:9000 path",
    ),
    (
        "settings.STORAGES['spool']['OPTIONS']['addressing_style']",
        {"LADING_SPOOL": "s3://spool?endpoint_url=https://oss.example&addressing_style=virtual"},
        "virtual",
    ),
    (
        "settings.STORAGES['spool']['OPTIONS']['addressing_style']",
        {"LADING_SPOOL": "s3://s"},
        "auto",
    ),
]


@pytest.mark.parametrize(("expression", "environment", "value"), RIGHT)
def test_a_right_value_is_taken(
    tmp_path: Path, expression: str, environment: dict[str, str], value: str
) -> None:
    assert setting(expression, environment, tmp_path) == value


def test_what_lading_owns_lies_under_its_data_folder(tmp_path: Path) -> None:
    places = setting("settings.DATABASES['default']['NAME'], settings.LADING_SPOOL", {}, tmp_path)

    assert places == f"{tmp_path}/lading.sqlite3 {tmp_path}/spool"


def test_every_name_of_the_environment_that_can_be_wrong_is_tested_here() -> None:
    source = (ROOT / "config" / "settings.py").read_text()
    read = set(re.findall(r'env_\w+\(\s*"(\w+)"', source))

    assert read - set(WRONG) == ANYTHING_GOES


@pytest.mark.parametrize(
    ("environment", "https"),
    [
        ({}, "False"),
        ({"LADING_ALLOWED_HOSTS": "batch.example.org"}, "True"),
        ({"LADING_ALLOWED_HOSTS": "localhost,batch.example.org"}, "True"),
        ({"LADING_ALLOWED_HOSTS": "batch.example.org", "LADING_DEBUG": "true"}, "False"),
        ({"LADING_ALLOWED_HOSTS": "batch.example.org", "LADING_HTTPS": "false"}, "False"),
        ({"LADING_HTTPS": "true"}, "True"),
    ],
)
def test_plain_http_is_for_loopback_alone_unless_said_otherwise(
    tmp_path: Path, environment: dict[str, str], https: str
) -> None:
    told = setting(
        "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT",
        environment,
        tmp_path,
    )

    assert told == f"{https} {https} {https}"


@pytest.mark.parametrize("environment", [{}, {"LADING_ALLOWED_HOSTS": "batch.example.org"}])
def test_djangos_own_deployment_check_has_nothing_to_say(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )

    status, told = python(code, environment, tmp_path)

    assert (status, "no issues" in told) == (0, True), told


@pytest.mark.parametrize("environment", [{}, {"LADING_DEBUG": "true"}])
def test_no_message_of_the_settings_shows_the_secret_key(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    _, told = python("import config.settings", {**environment, "LADING_WORKERS": "x"}, tmp_path)

    assert DEFAULTS["LADING_SECRET_KEY"] not in told
