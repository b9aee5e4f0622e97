"""A job that is half done and goes on slowly, for tests of what becomes of it then."""

from __future__ import annotations

import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests

from tests.processes.installation import Installation, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OBJECTS = 400
MISSING = 20
TOTAL = OBJECTS + MISSING
WANTED = [{"Key": "done", "Value": "yes"}]
KEYS = [f"{number:05}.jpg" for number in range(OBJECTS)]
ABSENT = [f"gone-{number:03}.jpg" for number in range(MISSING)]
SLOWLY = 5
"""Requests per second: what is left takes longer than anything that a test does meanwhile."""


class HalfDone:
    """A job over objects of a store, some of which do not exist; half of it is done."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.store: S3Client = installation.connect_store()
        for bucket in ("photos", "reports"):
            self.store.create_bucket(Bucket=bucket)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.store.put_object(Bucket="photos", Key=key), KEYS))
        rows = "".join(f"photos,{key}\n" for key in [*KEYS, *ABSENT])
        self.store.put_object(Bucket="photos", Key="manifest.csv", Body=rows.encode())
        self.job = str(installation.api("POST", "jobs/", json=ASKED)["id"])

    def reach_half(self) -> int:
        """Wait until half is done, and slow it down; returns how much is done."""
        until(lambda: self.executed() >= TOTAL // 2, 90, "half of the job")
        self.call("speed", requests_per_second=SLOWLY)
        executed = self.executed()
        assert executed < TOTAL
        return executed

    def call(self, verb: str, **given: Any) -> Any:
        """One of the job's verbs."""
        return self.installation.api("POST", f"jobs/{self.job}/{verb}/", json=given)

    def told(self) -> Any:
        """What the API says of it."""
        return self.installation.api("GET", f"jobs/{self.job}/")

    def executed(self) -> int:
        """Tasks with a final result."""
        progress = self.told()["progress"]
        return int(progress["succeeded"] + progress["failed"])

    def check_that_it_completes(self) -> None:
        """It ends at full speed, each entry is in the report once, and the store agrees."""
        self.call("speed", requests_per_second=None)
        until(lambda: self.told()["terminated_at"], 120, "the job to end")
        told = self.told()
        progress = told["progress"]
        assert told["status"] == "Complete"
        assert [progress[name] for name in ("total", "succeeded", "failed")] == [
            *(TOTAL, OBJECTS, MISSING)
        ]
        assert Counter(self.report_rows()) == Counter(
            [(key, "succeeded", "200") for key in KEYS] + [(key, "failed", "404") for key in ABSENT]
        )
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda key: self.tags(key) == WANTED, KEYS))

    def report_rows(self) -> list[tuple[str, str, str]]:
        """The rows of the report as downloaded: key, status, HTTP status."""
        files = self.installation.api("GET", f"jobs/{self.job}/report/")["files"]
        rows = []
        for file in files:
            if file["kind"] in ("succeeded", "failed"):
                answer = requests.get(
                    requests.compat.urljoin(self.installation.url("/"), file["url"]),
                    headers={"Authorization": f"Token {self.installation.token}"},
                    timeout=30,
                )
                assert answer.ok, answer.text
                found = csv.reader(io.StringIO(answer.text))
                rows += [(key, status, http) for _, key, _, status, http, *_ in found]
        return rows

    def tags(self, key: str) -> list[Any]:
        """The object's tags, as the store has them."""
        return list(self.store.get_object_tagging(Bucket="photos", Key=key)["TagSet"])


ASKED = {
    "operation": "S3PutObjectTagging",
    "parameters": {"TagSet": WANTED},
    "manifest": {"location": "s3://photos/manifest.csv"},
    "role": "store",
    "confirmation_required": False,
    "requests_per_second": 40,
    "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
}
