"""The rules of the house, read off the source: who imports whom, who writes what, and sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from jobs.status import TRANSITIONS
from operations import OPERATIONS, Operation

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
LONGEST_FILE = 250
LONGEST_FUNCTION = 30
TOO_LONG = {"config/settings.py"}
"""One file on purpose: every setting in one place, no function in it is long."""

LAYERS = (
    {"status", "errors", "secrecy", "database", "sqlite", "memory", "apps", "supervisor", "reach"},
    {
        *("models", "accounts", "members", "logins", "credentials", "tags", "requests", "checked"),
        *("generator", "generator_filter", "windows", "tasks_of_job"),
    },
    {"stores", "answering", "spool", "bucket_spool", "bucket_files", "redirects"},
    {"probing", "needs"},
    {
        *("manifests", "lanes", "leases", "presence", "results", "wanted", "retries", "verdicts"),
        *("commits", "throughput", "leftovers", "execution", "preparing", "slicing"),
        *("generated", "delivery", "report", "report_files", "sought"),
        *("listening", "sending", "ceilings", "threshold"),
        *("doubt", "retention", "selected"),
    },
    {"lifecycle", "places", "alarms"},
    {"working"},
    {"background"},
    {
        *("services", "submission", "intake", "linting", "visible", "workers"),
        *("browsing", "changing", "looking"),
        *("functions", "roles", "administration", "membership", "keys"),
        *("deciding", "tagging", "bulk", "filtering", "throttle", "parents", "retrying"),
    },
    {"backups"},
    {
        "pages",
        "rest",
        "s3control",
        "admin",
        "admin_setup",
        "admin_scope",
        "admin_shown",
        "management",
        "demo",
    },
)
"""A module of jobs/ imports from its own layer and from those above it in this list."""
DOORS = LAYERS[-1]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("config", "jobs", "operations")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
JOBS = [path for path in SOURCES if path.startswith("jobs/") and path != "jobs/__init__.py"]
ENVIRONMENT = re.compile(r'env_\w+\(\s*"([A-Z_]+)"')
SETTINGS = sorted(set(ENVIRONMENT.findall((ROOT / "config/settings.py").read_text())))
ROLE_OPTIONS = sorted(
    set(ENVIRONMENT.findall((ROOT / "jobs/management/commands/role.py").read_text()))
)
"""What `manage.py role set` takes from the environment: no settings, so nothing for .env."""


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def imports(path: str) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(package: str) -> set[str]:
    return {
        path for path in SOURCES for name in imports(path) if f"{name}.".startswith(f"{package}.")
    }


def calls(path: str, method: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name == method:
                yield node


def module_of(path: str) -> str:
    """jobs/pages/views.py → pages"""
    return path.split("/")[1].removesuffix(".py")


# ---- who may import whom


def test_every_module_has_a_layer():
    assert {module_of(path) for path in JOBS} <= set(LEVEL), "say in LAYERS where it belongs"


def test_imports_point_one_way():
    wrong = [
        f"{path} imports {name}"
        for path in JOBS
        for name in imports(path)
        if name.startswith("jobs.")
        and LEVEL.get(name.split(".")[1], 0) > LEVEL.get(module_of(path), 0)
    ]

    assert not wrong


def test_operations_know_neither_django_nor_jobs():
    known = {"django", "jobs", "config", "rest_framework", "django_q"}
    for path in SOURCES:
        if path.startswith("operations/"):
            assert not {name.split(".")[0] for name in imports(path)} & known, path


def test_only_background_and_the_engine_command_know_the_queue():
    assert importers("django_q") == {"jobs/background.py", "jobs/management/commands/engine.py"}


def test_only_stores_builds_clients_but_for_the_demo_which_checks_them():
    """boto3.s3.transfer only says how a file is cut up for an upload."""
    users = importers("boto3") - importers("boto3.s3.transfer")

    assert users <= {"jobs/stores.py", "jobs/demo/store.py"}


def test_only_the_settings_read_the_environment():
    readers = {
        path
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }

    assert readers == {"config/settings.py", "config/wsgi.py"}
    assert "os.environ[" not in (ROOT / "config/wsgi.py").read_text()


# ---- who may write a status


def test_only_become_updates_a_status():
    updates = {
        (path, call.lineno)
        for path in JOBS
        for call in calls(path, "update")
        if any(keyword.arg == "status" for keyword in call.keywords)
    }
    become = next(
        node
        for node in ast.walk(tree("jobs/models/job.py"))
        if isinstance(node, ast.FunctionDef) and node.name == "become"
    )

    assert len(updates) == 1
    ((path, line),) = updates
    assert path == "jobs/models/job.py"
    assert become.lineno < line <= (become.end_lineno or 0)


def test_nobody_assigns_a_status():
    wrong = [
        f"{path}:{node.lineno}"
        for path in JOBS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr == "status"
        and isinstance(node.ctx, ast.Store)
    ]

    assert not wrong


def test_a_door_calls_a_verb_and_never_become():
    doors = [path for path in JOBS if module_of(path) in DOORS]

    assert not [path for path in doors if list(calls(path, "become"))]


def test_every_status_leads_somewhere_or_is_final():
    for status, ends in TRANSITIONS.items():
        assert bool(ends) != status.is_final, status


# ---- sizes and words


def test_files_are_short():
    lengths = {path: (ROOT / path).read_text().count("\n") for path in SOURCES}

    assert not {
        path: lines
        for path, lines in lengths.items()
        if lines > LONGEST_FILE and path not in TOO_LONG
    }


def test_functions_are_short():
    lengths = {
        f"{path}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION}


def test_every_module_says_what_it_is():
    assert not [path for path in SOURCES if tree(path).body and not ast.get_docstring(tree(path))]


# ---- operations and settings


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_is_complete(operation: type[Operation]):
    name = operation.name.removeprefix("S3")
    module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()

    assert operation.__name__ == name
    assert operation.__module__ == f"operations.{module}"
    assert operation.__doc__
    assert operation.__doc__ != Operation.__doc__
    assert operation.permissions
    assert (ROOT / f"tests/operations/test_{module}.py").exists()
    assert f"\n| `{operation.name}` | {operation.label} |" in README


def test_the_readme_and_the_example_name_every_setting_and_nothing_else():
    rows = re.findall(r"^\| `([A-Z][A-Z_]+)` \|", README, re.MULTILINE)
    lines = re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(SETTINGS + ROLE_OPTIONS)
    assert sorted(lines) == SETTINGS


def test_the_readme_names_make_targets_that_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|\()make ([a-z][a-z-]*)", README, re.MULTILINE))

    assert {"demo", "test"} <= named <= targets
