"""Whole jobs at a store: created, prepared and performed in this process, reported to the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from django.contrib.auth.models import User

from jobs import stores, submission, working
from jobs.accounts import Role
from jobs.models import Job
from operations.base import Target
from tests.stores.declared import DECLARED
from tests.stores.servers import REGION
from tests.stores.shop import Shop

COUNT = 300
THREADS = 8


class WholeJob:
    """Buckets with COUNT objects, a manifest of them, and a role."""

    def __init__(self, shop: Shop, user: User, make_role: Callable[..., Role]) -> None:
        stores._client.cache_clear()
        self.shop, self.user = shop, user
        self.number = shop.jobs = shop.jobs + 1
        self.bucket, self.archive = f"job-{self.number}", f"job-{self.number}-archive"
        for bucket in (self.bucket, self.archive):
            shop.make_bucket(bucket)
        self.keys = [f"photos {n % 7}/a+b é {n:03}.jpg" for n in range(COUNT)]
        self.put_bodies = [f"body of {key}".encode() for key in self.keys]
        self.at_once(lambda key: shop.put(self.bucket, key, f"body of {key}".encode()), self.keys)
        manifest = "".join(f"{self.bucket},{quote(key)}\n" for key in self.keys)
        shop.put(self.archive, "list.csv", manifest.encode())
        who = shop.server.owner
        self.role = make_role(
            f"store-{self.number}",
            endpoint_url=shop.server.endpoint_url,
            region=REGION,
            access_key_id=who.access_key_id,
            secret_access_key=who.secret_access_key,
            addressing="path",
        )

    def is_declared(self, line: str, verdict: str) -> bool:
        """True where the store is declared to do that."""
        return DECLARED[self.shop.name][line] == verdict

    def at_once(self, do: Callable[[str], Any], keys: list[str]) -> list[Any]:
        """The answers for all keys, in their order."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(do, keys))

    def done(self, operation: str, parameters: dict[str, Any]) -> Job:
        """The job after its end."""
        request = {
            "operation": operation,
            "parameters": parameters,
            "manifest": {"location": f"s3://{self.archive}/list.csv", "fields": ["Bucket", "Key"]},
            "role": self.role.name,
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": self.archive, "prefix": "reports"},
        }
        job = submission.create_job(self.user, request)
        working.work("test-node", lambda: False, 120)
        job.refresh_from_db()
        return job

    def rows(self, said: str) -> list[str]:
        """The report's rows where every task ended alike: "succeeded,200,,Successful"."""
        state, status, code, message = said.split(",")
        return sorted(
            f"{self.bucket},{quote(key)},,{state},{status},{code},{message}" for key in self.keys
        )

    def reported(self, job: Job) -> list[str]:
        """The rows of all files that the report's manifest names, sorted."""
        root = f"reports/job-{job.pk}"
        told = json.loads(self._read(f"{root}/manifest.json"))
        return sorted(
            row
            for entry in told["Results"]
            for row in self._read(entry["Key"]).decode().splitlines()
        )

    def _read(self, key: str) -> bytes:
        return self.shop.s3.get_object(Bucket=self.archive, Key=key)["Body"].read()

    def tags(self) -> list[Any]:
        """The tags of every object."""
        return self.at_once(lambda key: self.shop.tags(Target(self.bucket, key)), self.keys)

    def bodies(self, bucket: str = "", prefix: str = "") -> list[Any]:
        """The body of every object, or of its copy."""

        def body(key: str) -> Any:
            return self.shop.content(Target(bucket or self.bucket, prefix + key))[-1]

        return self.at_once(body, self.keys)
