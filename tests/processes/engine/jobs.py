"""Small jobs for tests of processes: tags on objects k000, k001 … of the bucket `photos`."""

from __future__ import annotations

from typing import Any

from tests.processes.installation import Installation, until


def keys(count: int) -> list[str]:
    """As they are named in the manifest, and in the store."""
    return [f"k{number:03}" for number in range(count)]


def is_task(method: str, path: str) -> bool:
    """Whether a request is the task of one of our keys."""
    return method == "PUT" and path.startswith("/photos/k") and "tagging" in path


def tag_all(installation: Installation, count: int) -> str:
    """A job over so many objects; returns its id. Its list is uploaded."""
    rows = "".join(f"photos,{key}\n" for key in keys(count))
    uploaded = installation.api("POST", "manifests/", files={"file": ("list.csv", rows)})
    return create(installation, manifest={"id": uploaded["id"]})


def list_all(installation: Installation) -> str:
    """A job over all 64 objects, which are listed; returns its id."""
    only_ours = {"key_name_constraint": {"match_any_prefix": ["k"]}}
    generator = {"source_bucket": "arn:aws:s3:::photos", "filter": only_ours}
    return create(installation, manifest_generator={**generator, "enable_manifest_output": False})


def create(installation: Installation, **given: Any) -> str:
    """A job over any list; returns its id."""
    made = installation.api(
        "POST",
        "jobs/",
        json={
            "operation": "S3PutObjectTagging",
            "parameters": {"TagSet": [{"Key": "seen", "Value": "yes"}]},
            **given,
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


def completed(installation: Installation, job: str, seconds: float = 90) -> Any:
    """The job, which must end Complete in time."""
    done = until(lambda: ended(installation, job), seconds, "the job to end")
    assert done["status"] == "Complete", done
    return done
