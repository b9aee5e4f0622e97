"""The jobs of a run, drawn from its seed, and what each of them has to come to."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.chaos.objects import Objects, Place, Stored

BUCKETS = ("photos", "archive", "lists", "reports")
SOURCE, DESTINATION = "photos", "archive"
BYSTANDERS = 50
TAG, COPY = "S3PutObjectTagging", "S3PutObjectCopy"


@dataclass(frozen=True)
class Plan:
    """One job. `keys` exist, `absent` do not; the manifest names all, mixed."""

    number: int
    operation: str
    keys: tuple[str, ...]
    absent: tuple[str, ...]
    priority: int
    speed: int | None
    is_uploaded: bool
    at: float

    @property
    def name(self) -> str:
        return f"job{self.number}"

    @property
    def total(self) -> int:
        return len(self.keys) + len(self.absent)

    @property
    def wanted_tags(self) -> list[tuple[str, str]]:
        return [("chaos", self.name)]

    def manifest(self) -> bytes:
        """The list of objects, in an order of its own."""
        keys = [*self.keys, *self.absent]
        random.Random(self.number).shuffle(keys)
        return "".join(f"{SOURCE},{encoded(key)}\n" for key in keys).encode()

    def expected_rows(self) -> list[tuple[str, str, str]]:
        """Bucket, key as the manifest wrote it, and status: each entry once."""
        return [(SOURCE, encoded(key), "succeeded") for key in self.keys] + [
            (SOURCE, encoded(key), "failed") for key in self.absent
        ]

    def place_of(self, key: str) -> Place:
        """Where the side effect of the task on a key is seen."""
        return (SOURCE, key) if self.operation == TAG else (DESTINATION, f"{self.name}/{key}")

    def request(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """What the JSON API is asked for."""
        parameters: dict[str, Any] = (
            {"tag_set": [{"key": key, "value": value} for key, value in self.wanted_tags]}
            if self.operation == TAG
            else {
                "target_resource": f"arn:aws:s3:::{DESTINATION}",
                "target_key_prefix": self.name,
            }
        )
        return {
            "operation": self.operation,
            "parameters": parameters,
            "manifest": manifest,
            "role": "store",
            "priority": self.priority,
            "requests_per_second": self.speed,
            "confirmation_required": False,
            "description": self.name,
            "client_request_token": f"chaos-{self.name}",
            "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
        }


def encoded(key: str) -> str:
    """A key as manifests and reports write it."""
    return quote(key, safe="/")


def plans(seed: int, seconds: float) -> list[Plan]:
    """A big job of each operation, slowed down to last as long as the blows, one that runs as fast
    as it can, and small ones in between.
    """
    drawn = random.Random(seed)
    sizes = [max(1200, int(seconds * 80)), max(600, int(seconds * 40)), int(seconds * 60)]
    sizes += [drawn.randint(60, 500) for _ in range(max(2, int(seconds / 8)))]
    made = []
    for number, size in enumerate(sizes, 1):
        is_slow, is_big = number <= 2, number <= 3
        absent = drawn.randint(3, max(5, size // 12))
        made.append(
            Plan(
                number=number,
                operation=TAG if number % 2 else COPY,
                keys=tuple(name(number, place) for place in range(size - absent)),
                absent=tuple(f"job{number}/gone-{place:05}.jpg" for place in range(absent)),
                priority=10 if is_big else drawn.choice((0, 10, 10, 20)),
                speed=max(60, int(size / seconds * 2)) if is_slow else None,
                is_uploaded=number % 2 == 0,
                at=0.0 if is_slow else drawn.uniform(0.1, 0.8) * seconds,
            )
        )
    return sorted(made, key=lambda plan: plan.at)


def name(number: int, place: int) -> str:
    """A key; some have characters that have to be encoded."""
    odd = (" ü+&%", "/sub folder/ä", "'(~)")[place % 3] if place % 7 == 0 else ""
    return f"job{number}/{place:05}{odd}.jpg"


def fill(objects: Objects, made: list[Plan]) -> None:
    """Put the objects into the store, with bystanders that no job names, and the lists."""
    photos = objects.buckets[SOURCE]
    for place in range(BYSTANDERS):
        photos[bystander(place)] = Stored(b"nobody's")
    for plan in made:
        for key in plan.keys:
            photos[key] = Stored(key.encode())
        if not plan.is_uploaded:
            objects.buckets["lists"][f"{plan.name}.csv"] = Stored(plan.manifest())


def bystander(place: int) -> str:
    """The key of an object that no job names."""
    return f"bystander-{place:03}.jpg"
