import pytest
def test_smoke(client, role, make_job):
    for st in ["New","Preparing","Suspended","Ready","Active","Pausing","Paused","Completing","Complete","Cancelling","Cancelled","Failing","Failed"]:
        j = make_job(status=st, total_tasks=1000, succeeded=10, failed=2)
        r = client.get(f"/jobs/{j.pk}/"); assert r.status_code==200
        r = client.get(f"/jobs/{j.pk}/", headers={"HX-Request":"true"}); assert r.status_code==200
        r = client.get(f"/jobs/{j.pk}/results/"); assert r.status_code==200
    assert client.get("/jobs/").status_code==200
    for o in ["S3PutObjectTagging","S3PutObjectCopy"]:
        r = client.get("/jobs/new/?operation="+o); assert r.status_code==200
    r=client.post("/jobs/new/", {"operation":"S3PutObjectCopy"}); assert r.status_code==422
    print(r.content.decode())
