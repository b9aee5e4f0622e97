"""Who may do what at which address: the one table that a new URL has to be written into.

A key is the name of a URL, with its namespace. Its value says for each method the least rank that
may use it; HEAD goes with GET. Whatever method stands nowhere is answered with 405. Beside ranks:

    ANYBODY    strangers too
    OWNER      a submitter who created the job, else an operator
    KEYHOLDER  whose token or key it is, else an administrator; to others it is not there
    HOST       an administrator of the account that the installation is for
    NOTHING    there is nothing: 404 for whoever is signed in
    SIGNED     asks for a signature of the request: a session is worth nothing there
"""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Rank

ANYBODY, OWNER, KEYHOLDER, NOTHING, SIGNED = "anybody", "owner", "keyholder", "nothing", "signed"
HOST = "host"
V, S, O, A = Rank  # noqa: E741

Needed = dict[str, str]

READ: Needed = {"GET": V}
EACH_METHOD: Needed = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), NOTHING)

PAGES: dict[str, Needed] = {
    "home": dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), ANYBODY),
    "favicon": {"GET": ANYBODY},
    "healthz": {"GET": ANYBODY},
    "readyz": {"GET": ANYBODY},
    "login": dict.fromkeys(("GET", "POST", "PUT", "OPTIONS"), ANYBODY),
    "logout": dict.fromkeys(("POST", "OPTIONS"), ANYBODY),
    "password": dict.fromkeys(("GET", "POST", "PUT", "OPTIONS"), V),
    "settings": {"GET": HOST},
    "job_list": READ,
    "job_bulk": {"GET": S, "POST": S},
    "job_new": {"GET": S, "POST": S},
    "job_new_browse": {"GET": S},
    "job_new_again": {"GET": S, "POST": S},
    "job": READ,
    "job_results": READ,
    "job_report": READ,
    "job_report_file": READ,
    "job_report_preview": READ,
    "job_in_doubt": READ,
    "job_confirm": {"POST": O},
    "job_cancel": {"POST": OWNER},
    "job_pause": {"POST": O},
    "job_resume": {"POST": O},
    "job_window": {"GET": V, "POST": O},
    "job_priority": {"POST": O},
    "job_speed": {"POST": O},
    "job_retry": {"POST": S},
    "manifest_check": {"GET": S, "POST": S},
    "manifest": {"GET": S},
    "manifest_mend": {"POST": S},
    "manifest_read_as": {"POST": S},
    "manifest_content": READ,
    "role_list": READ,
    "role": READ,
    "role_answer": {"GET": S},
    "role_probe": {"POST": S},
    "role_override": {"POST": O},
    "role_new": {"GET": A, "POST": A},
    "role_edit": {"GET": A, "POST": A},
    "role_delete": {"POST": A},
    "function_new": {"GET": A, "POST": A},
    "function_edit": {"GET": A, "POST": A},
    "function_delete": {"POST": A},
    "workers": READ,
    "key_list": READ,
    "key_new": {"GET": V, "POST": V},
    "token_revoke": {"POST": KEYHOLDER},
    "access_key_revoke": {"POST": KEYHOLDER},
    "member_list": READ,
    "member_new": {"GET": A, "POST": A},
    "member_rank": {"POST": A},
    "member_shut_out": {"POST": A},
    "member_let_in": {"POST": A},
}

API: dict[str, Needed] = {
    "api:root": READ,
    "api:jobs": {"GET": V, "POST": S},
    "api:jobs_confirm": {"POST": O},
    "api:jobs_cancel": {"POST": S},
    "api:jobs_priority": {"POST": O},
    "api:job": READ,
    "api:job_confirm": {"POST": O},
    "api:job_cancel": {"POST": OWNER},
    "api:job_pause": {"POST": O},
    "api:job_resume": {"POST": O},
    "api:job_window": {"POST": O},
    "api:job_priority": {"POST": O},
    "api:job_speed": {"POST": O},
    "api:job_retry": {"POST": S},
    "api:job_tags": {"GET": V, "PUT": OWNER, "DELETE": OWNER},
    "api:job_results": READ,
    "api:job_report": READ,
    "api:job_report_file": READ,
    "api:job_in_doubt": READ,
    "api:job_events": READ,
    "api:operations": READ,
    "api:roles": READ,
    "api:role": {"GET": V, "PUT": A, "PATCH": A, "DELETE": A},
    "api:role_probe": {"POST": S},
    "api:role_override": {"POST": O},
    "api:functions": READ,
    "api:function": {"GET": V, "PUT": A, "DELETE": A},
    "api:manifests": {"GET": V, "POST": S},
    "api:manifest_check": {"POST": S},
    "api:manifest": READ,
    "api:manifest_content": READ,
    "api:manifest_mend": {"POST": S},
    "api:workers": READ,
    "api:me": READ,
    "api:members": {"GET": V, "POST": A},
    "api:member": READ,
    "api:member_rank": {"POST": A},
    "api:member_shut_out": {"POST": A},
    "api:member_let_in": {"POST": A},
    "api:tokens": {"GET": V, "POST": V},
    "api:token_revoke": {"POST": KEYHOLDER},
    "api:access_keys": {"GET": V, "POST": V},
    "api:access_key_revoke": {"POST": KEYHOLDER},
    "schema": {"GET": ANYBODY},
    "docs": {"GET": ANYBODY},
    "api:nothing_here": EACH_METHOD,
}

DECLARED = PAGES | API

MADE_BY_NAME = {("PUT", "api:role"), ("PUT", "api:function")}
"""Where a name that belongs to others is free in one's own account."""

OPEN_TO_STAFF = {
    "admin:index", "admin:logout", "admin:password_change", "admin:password_change_done",
    "admin:jsi18n", "admin:autocomplete", "admin:view_on_site", "admin:app_list",
    "admin:catch_all_view",
}  # fmt: skip
"""Of the admin site, what is no row: for all staff. Its login is for anybody. The pages of rows are
known by their names (`admin:jobs_job_change`) and for whom Django's permissions say."""


def upload() -> dict[str, Any]:
    return {"file": SimpleUploadedFile("list.csv", b"photos,a.jpg\n")}


TAGGING = {
    "operation": "S3PutObjectTagging",
    "parameters": {"tag_set": []},
    "manifest_generator": {"source_bucket": "arn:aws:s3:::photos"},
    "role": "archive",
}

BODIES: dict[str, Any] = {
    "job_bulk": {"decision": "cancel", "everything": "1", "expect": "0"},
    "job_priority": {"priority": "7"},
    "job_speed": {"requests_per_second": "250"},
    "job_window": {},
    "job_retry": {"tasks": "in_doubt"},
    "manifest_mend": {"mend": "header"},
    "manifest_read_as": {"read_as": "KeyList"},
    "member_rank": {"rank": "submitter"},
    "role_override": {"operation": "S3PutObjectAcl", "reason": "known"},
    "api:jobs": TAGGING,
    "api:job_priority": {"priority": 7},
    "api:job_speed": {"requests_per_second": 250},
    "api:job_window": {"run_window": None},
    "api:job_retry": {"tasks": "in_doubt"},
    "PUT api:role": {"access_key_id": "AKIATESTSONLY", "secret_access_key": "secret"},
    "PATCH api:role": {"region": "eu-west-1"},
    "PUT api:function": {"url": "http://127.0.0.1:9001"},
    "PUT api:job_tags": {"tags": {"team": "archive"}},
    "api:jobs_confirm": {"filter": {"status": ["Suspended"]}},
    "api:jobs_cancel": {"filter": {"status": ["Suspended"]}},
    "api:jobs_priority": {"filter": {"status": ["Suspended"]}, "priority": 7},
    "api:members": {"username": "new", "password": "a sentence nobody guesses", "rank": "viewer"},
    "api:member_rank": {"rank": "submitter"},
    "api:role_override": {"operation": "S3PutObjectAcl", "reason": "known"},
    "api:manifests": upload,
    "api:manifest_check": {"text": "photos,a.jpg"},
    "api:manifest_mend": {"mend": ["header"]},
}
"""What is sent where an empty body would be refused before anybody asks for the rank: with POST, or
with the method that stands before the name ("PUT api:role").
"""
