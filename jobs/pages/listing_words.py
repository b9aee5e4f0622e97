"""What is wrong with the listing of a bucket, in the words of the form instead of the API's."""

from __future__ import annotations

import re

from jobs.pages.listing_fields import ListingFields

FIELDS = {
    "AskEachObject": "ask_each_object",
    "CreatedAfter": "created_after",
    "CreatedBefore": "created_before",
    "EligibleForReplication": "eligible_for_replication",
    "EnableManifestOutput": "save_list",
    "MatchAnyObjectEncryption": "encryption",
    "ObjectReplicationStatuses": "replication_statuses",
}
"""The field of a member that a fault may name."""
SENTENCES = {
    "Give the ARN of a general purpose bucket, such as arn:aws:s3:::photos": (
        "Give the name of a bucket, such as photos"
    ),
    "No object is created after CreatedAfter and before CreatedBefore": (
        "No object fits both CreatedAfter and CreatedBefore"
    ),
    "Say where to keep the manifest, or set EnableManifestOutput to false": (
        "Name the bucket for the list, or do not choose EnableManifestOutput"
    ),
}
NAMES = re.compile(rf"\b({'|'.join(FIELDS)})\b")


def in_words_of_the_form(text: str) -> str:
    """A fault of a generator, with the labels that the page shows."""
    for told, shown in SENTENCES.items():
        text = text.replace(told, shown)
    return NAMES.sub(lambda found: f"“{_label(FIELDS[found[1]])}”", text)


def _label(field: str) -> str:
    return str(ListingFields.base_fields[field].label)
