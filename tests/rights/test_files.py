"""Files of the spool and of reports: nobody reaches those of others by guessing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.models import Job, Manifest
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeManifest, MakeReportFile

OURS, THEIRS = b"photos,ours.jpg\n", b"photos,theirs.jpg\n"
DOORS = ("", "/api/v1")


@pytest.fixture
def ours(make_job: MakeJob, make_manifest: MakeManifest) -> Job:
    return make_job(status="Complete", manifest=make_manifest(OURS))


@pytest.fixture
def theirs(make_job: MakeJob, make_manifest: MakeManifest) -> Job:
    manifest = make_manifest(THEIRS, account_id=OTHER_ACCOUNT)
    return make_job(status="Complete", account_id=OTHER_ACCOUNT, manifest=manifest)


@pytest.mark.parametrize("door", DOORS)
def test_a_file_is_downloaded_under_its_own_job_alone(
    client: Client, ours: Job, make_job: MakeJob, make_report_file: MakeReportFile, door: str
) -> None:
    other_of_ours = make_job(status="Complete")
    file = make_report_file(ours, OURS)

    right = client.get(f"{door}/jobs/{ours.pk}/report/{file.pk}/")
    wrong = client.get(f"{door}/jobs/{other_of_ours.pk}/report/{file.pk}/")

    assert right.getvalue() == OURS
    assert wrong.status_code == 404


@pytest.mark.parametrize("door", DOORS)
def test_the_files_of_another_account_are_not_there_by_any_number(
    client: Client, ours: Job, theirs: Job, make_report_file: MakeReportFile, door: str
) -> None:
    file = make_report_file(theirs, THEIRS)

    for job in (ours, theirs):
        for number in (file.pk, file.pk - 1, file.pk + 1, 0, 2**31, 2**63, 10**30):
            response = client.get(f"{door}/jobs/{job.pk}/report/{number}/")
            assert response.status_code == 404, (job.pk, number)
        assert client.get(f"{door}/jobs/{theirs.pk}/report/").status_code == 404


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "place",
    [
        "..",
        "../..",
        "../../../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "1/../../../../etc/passwd",
        "1%00",
        "-1",
        "1e3",
    ],
)
def test_a_path_in_place_of_a_number_leads_nowhere(
    client: Client, ours: Job, spool_folder: Path, door: str, place: str
) -> None:
    for path in (
        f"{door}/jobs/{ours.pk}/report/{place}/",
        f"{door}/manifests/{ours.manifest.pk}/content/{place}/",
        f"{door}/manifests/{place}/content/",
    ):
        response = client.get(path)
        assert response.status_code == 404, path


@pytest.mark.parametrize("door", DOORS)
def test_the_list_of_another_account_is_neither_read_checked_nor_mended(
    client: Client, theirs: Job, door: str
) -> None:
    path = f"{door}/manifests/{theirs.manifest.pk}/"

    assert client.get(f"{path}content/").status_code == 404
    assert client.get(path).status_code == 404
    body = {"mend": ["header"]}
    answer = client.post(f"{path}mend/", body, content_type="application/json")
    assert answer.status_code == 404


def test_no_job_is_made_with_the_list_or_the_role_of_another_account(
    client: Client, ours: Job, theirs: Job
) -> None:
    for manifest, role in (
        (theirs.manifest.pk, ours.role.name),
        (ours.manifest.pk, theirs.role.arn),
    ):
        body = {
            "operation": "S3DeleteObjectTagging",
            "manifest": {"id": str(manifest)},
            "role": role,
        }
        response = client.post("/api/v1/jobs/", body, content_type="application/json")
        assert response.status_code == 400, response.text
    assert Job.objects.count() == 2


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/cron.d/evil", "..", "a\\..\\..\\b", "a"])
def test_the_name_of_an_upload_is_no_path(
    client: Client, user: User, spool_folder: Path, name: str
) -> None:
    from jobs import services
    from tests.rights.test_verbs import upload

    manifest: Manifest = services.store_upload(user, upload(), filename=name)

    kept = [path for path in spool_folder.rglob("*") if path.is_file()]
    assert [path.relative_to(spool_folder).as_posix() for path in kept] == [manifest.upload]
    assert not list(spool_folder.parent.glob("evil*"))
    download = client.get(f"/manifests/{manifest.pk}/content/")
    assert download.getvalue() == b"photos,a.jpg\n"
    assert "/" not in download["Content-Disposition"].removeprefix("attachment; ")
