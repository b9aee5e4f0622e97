"""Small jobs for tests of processes: tags on objects k000, k001 … of the bucket `photos`."""

from __future__ import annotations

from typing import Any

from tests.processes.installation import Installation, until


def keys(count: int) -> list[str]:
    """As they are named in the manifest, and in the store."""
    return [f"k{number:03}" for number in range(count)]


def tag_all(installation: Installation, count: int) -> str:
    """A job over so many objects; returns its id. Its list is uploaded."""
    rows = "".join(f"photos,{key}\n" for key in keys(count))
    uploaded = installation.api("POST", "manifests/", files={"file": ("list.csv", rows)})
    return create(installation, {"id": uploaded["id"]})


def create(installation: Installation, manifest: dict[str, Any]) -> str:
    """A job over any manifest; returns its id."""
    made = installation.api(
        "POST",
        "jobs/",
        json={
            "operation": "S3PutObjectTagging",
            "parameters": {"TagSet": [{"Key": "seen", "Value": "yes"}]},
            "manifest": manifest,
            "role": "store",
            "confirmation_required": False,
        },
    )
    return str(made["id"])


def told_of(installation: Installation, job: str) -> Any:
    return installation.api("GET", f"jobs/{job}/")


def ended(installation: Installation, job: str) -> Any:
    """The job, once it is over."""
    told = told_of(installation, job)
    return told if told["terminated_at"] else None


def progress(told: Any) -> tuple[int, int, int]:
    """Total, succeeded, failed."""
    found = told["progress"]
    return found["total"], found["succeeded"], found["failed"]


def completed(installation: Installation, job: str, seconds: float = 30) -> Any:
    """The job, which must end Complete in time."""
    done = until(lambda: ended(installation, job), seconds, "the job to end")
    assert done["status"] == "Complete", done
    return done
