"""How a body may be written: clients order, space and name things differently (spec.md 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.models import Job
from tests.s3control.conftest import Asked
from tests.s3control.wire import JOBS, NAMESPACE, Key, Reply, account, call

BODY = """<CreateJobRequest xmlns="{namespace}"><ConfirmationRequired>false</ConfirmationRequired>
<Operation>{operation}</Operation><Report><Enabled>false</Enabled></Report>
<ClientRequestToken>a token</ClientRequestToken><Manifest>
<Spec><Format>S3BatchOperations_CSV_20180820</Format>
<Fields><member>Bucket</member><member>Key</member></Fields></Spec>
<Location><ObjectArn>arn:aws:s3:::manifests/list.csv</ObjectArn><ETag>{etag}</ETag></Location>
</Manifest><Priority>7</Priority><RoleArn>{role}</RoleArn></CreateJobRequest>"""
TAGGING = (
    "<S3PutObjectTagging><TagSet><member><Key>project</Key><Value>lading</Value></member></TagSet>"
    "</S3PutObjectTagging>"
)
TAG_SET = [{"Key": "project", "Value": "lading"}]
Post = Callable[..., Reply]
Write = Callable[..., str]


@pytest.fixture
def write(asked: Asked) -> Write:
    """The body of a CreateJob: write(operation="<S3ReplicateObject/>")."""
    given = asked()

    def body(operation: str = TAGGING, **parts: str) -> str:
        etag = given["Manifest"]["Location"]["ETag"]
        known = {"namespace": NAMESPACE, "etag": etag, "role": given["RoleArn"]}
        return BODY.format(**{**known, "operation": operation, **parts})

    return body


@pytest.fixture
def post(key: Key) -> Post:
    """Send a body as it stands."""
    return lambda body: call(key, "POST", JOBS, body)


def made_by(reply: Reply) -> Job:
    """The job that a reply tells of."""
    assert reply.status == 200, reply.body
    assert reply.root.tag == f"{{{NAMESPACE}}}CreateJobResult"
    assert reply.headers["content-type"] == "application/xml"
    return Job.objects.get(pk=reply.root.findtext(f"{{{NAMESPACE}}}JobId"))


# ---- what is read


@pytest.mark.parametrize("item", ["member", "S3Tag", "item", "Tag"])
def test_the_items_of_a_list_may_have_any_name(post: Post, write: Write, item: str) -> None:
    body = write(TAGGING.replace("member>", f"{item}>"))

    assert made_by(post(body)).parameters == {"TagSet": TAG_SET}


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(f' xmlns="{NAMESPACE}"', ""),
        lambda body: body.replace(NAMESPACE, "urn:another"),
        lambda body: body.replace("<", "<a:").replace("<a:/", "</a:").replace("xmlns", "xmlns:a"),
        lambda body: '<?xml version="1.0" encoding="UTF-8"?>\n' + body,
        lambda body: "\ufeff" + body,
        lambda body: body.replace("><", ">\n\t <"),
        lambda body: body.replace(">lading<", "><![CDATA[lading]]><"),
        lambda body: body.replace(">lading<", ">l&#97;d&#x69;ng<"),
        lambda body: body.replace(">lading<", ">lad<!-- a comment -->ing<"),
        lambda body: body.replace("<Operation>", "<!-- a comment --><Operation>"),
        lambda body: body.replace("<Operation>", "<Unknown><Key>k</Key></Unknown><Operation>"),
        lambda body: body.replace("<Spec>", '<Spec kind="x">'),
        lambda body: body.replace(">7<", "> 7 <").replace(">false<", ">\nfalse\n<"),
    ],
    ids=[
        "no namespace", "another namespace", "a prefix", "a declaration", "a byte order mark",
        "indented", "CDATA", "character references", "a comment in a text", "a comment",
        "an unknown member", "an attribute", "spaces around numbers",
    ],
)  # fmt: skip
def test_a_body_may_be_written_in_many_ways(
    post: Post, write: Write, change: Callable[[str], str]
) -> None:
    job = made_by(post(change(write())))

    assert job.parameters == {"TagSet": TAG_SET}
    assert (job.priority, job.confirmation_required) == (7, False)


def test_members_may_come_in_any_order(post: Post, write: Write) -> None:
    body = write()
    inner = body[body.index(">") + 1 : body.rindex("</CreateJobRequest>")]
    at = inner.index("<Manifest>")
    turned = body.replace(inner, inner[at:] + inner[:at])
    turned = turned.replace(
        "<Key>project</Key><Value>lading</Value>", "<Value>lading</Value><Key>project</Key>"
    )

    assert turned != body
    assert made_by(post(turned)).parameters == {"TagSet": TAG_SET}


def test_text_keeps_its_spaces(post: Post, write: Write) -> None:
    job = made_by(post(write(TAGGING.replace(">lading<", "> two  words <"))))

    assert job.parameters == {"TagSet": [{"Key": "project", "Value": " two  words "}]}


def test_a_body_in_another_encoding_is_read_by_its_declaration(post: Post, write: Write) -> None:
    body = '<?xml version="1.0" encoding="UTF-16"?>' + write(TAGGING.replace("lading", "Grüße"))

    job = made_by(post(body.encode("utf-16")))

    assert job.parameters["TagSet"][0]["Value"] == "Grüße"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2031-01-02T03:04:05Z", "2031-01-02T03:04:05"),
        ("2031-01-02T03:04:05.678901Z", "2031-01-02T03:04:05.678"),
        ("2031-01-02T03:04:05.678Z", "2031-01-02T03:04:05.678"),
        ("2031-01-02T05:04:05+02:00", "2031-01-02T03:04:05"),
        ("2031-01-02T03:04:05", "2031-01-02T03:04:05"),
    ],
)
def test_moments_are_read_in_every_form_that_clients_send(
    post: Post, write: Write, control: Any, written: str, read: str
) -> None:
    retention = f"<Mode>GOVERNANCE</Mode><RetainUntilDate>{written}</RetainUntilDate>"
    body = write(f"<S3PutObjectRetention><Retention>{retention}</Retention></S3PutObjectRetention>")

    job = made_by(post(body))

    told = control.describe_job(AccountId=account(), JobId=str(job.pk))["Job"]["Operation"]
    moment = told["S3PutObjectRetention"]["Retention"]["RetainUntilDate"]
    assert moment.isoformat().startswith(read)
    assert moment.utcoffset().total_seconds() == 0


def test_a_job_waits_for_confirmation_unless_it_is_told_not_to(post: Post, write: Write) -> None:
    body = write().replace("<ConfirmationRequired>false</ConfirmationRequired>", "")

    assert made_by(post(body)).confirmation_required is True


def test_boto3_gets_true_back_for_an_absent_confirmation(control: Any, asked: Asked) -> None:
    made = control.create_job(**asked(ConfirmationRequired=None))["JobId"]

    job = control.describe_job(AccountId=account(), JobId=made)["Job"]
    assert job["ConfirmationRequired"] is True


@pytest.mark.parametrize("token", ["ClientRequestToken", "TagSet", "Value"])
def test_an_empty_member_is_not_an_absent_one(post: Post, write: Write, token: str) -> None:
    """An empty token is too short; an empty set of tags, and an empty value, are what they are."""
    body = write()
    start, end = f"<{token}>", f"</{token}>"
    emptied = body[: body.index(start)] + f"<{token}/>" + body[body.index(end) + len(end) :]

    reply = post(emptied)

    match token:
        case "ClientRequestToken":
            assert reply.told == (400, "BadRequestException")
        case "TagSet":
            assert made_by(reply).parameters == {"TagSet": []}
        case "Value":
            assert made_by(reply).parameters == {"TagSet": [{"Key": "project", "Value": ""}]}


# ---- what is not


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (">7<", ">seven<"),
        (">7<", ">7.5<"),
        (">7<", "><"),
        (">7<", ">0x7<"),
        (">7<", ">1_0<"),
        (">7<", ">٣<"),
        (">7<", "><member>7</member><"),
        ("<Enabled>false<", "<Enabled>no<"),
        ("<Enabled>false<", "<Enabled>0.0<"),
        ("<ConfirmationRequired>false<", "<ConfirmationRequired>maybe<"),
        ("<ConfirmationRequired>false<", "<ConfirmationRequired><"),
        ("<Priority>7</Priority>", "<Priority>7</Priority><Priority>8</Priority>"),
        ("</TagSet>", "</TagSet><TagSet/>"),
        ("<Key>project</Key>", "<Key>project</Key><Key>other</Key>"),
        ("<Key>project</Key>", "<Key><b>project</b></Key>"),
        ("<Format>S3Batch", "<Format>s3batch"),
        ("<Enabled>false</Enabled>", ""),
        ("<Priority>7</Priority>", ""),
        ("<Spec>", "<Spec>stray text"),
        ("</Spec>", "stray text</Spec>"),
        ("<Fields><member>Bucket</member><member>Key</member></Fields>", "<Fields>Bucket</Fields>"),
        ("<Key>project", "text<Key>project"),
        # It would be left out, and then reported as done: a newer client may mean something by it.
        ("<TagSet>", "<Unknown/><TagSet>"),
        ("<Key>project", "<Unknown>x</Unknown><Key>project"),
        ("<Enabled>false", "<Unknown>x</Unknown><Enabled>false"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(
    post: Post, write: Write, right: str, wrong: str
) -> None:
    body = write()
    assert right in body

    assert post(body.replace(right, wrong)).told == (400, "BadRequestException")


@pytest.mark.parametrize("moment", ["yesterday", "1767571200", "2031-13-01T00:00:00Z", "", "2031"])
def test_what_is_no_moment_is_refused(post: Post, write: Write, moment: str) -> None:
    retention = f"<Mode>GOVERNANCE</Mode><RetainUntilDate>{moment}</RetainUntilDate>"
    body = write(f"<S3PutObjectRetention><Retention>{retention}</Retention></S3PutObjectRetention>")

    assert post(body).told == (400, "BadRequestException")


def test_of_very_many_faults_the_first_are_told(post: Post, write: Write) -> None:
    """Else a body of a mebibyte would be answered with three."""
    tags = "".join(f"<member><Key>{number}!</Key><Value/></member>" for number in range(5000))
    copy = (
        "<S3PutObjectCopy><TargetResource>arn:aws:s3:::archive</TargetResource>"
        f"<NewObjectTagging>{tags}</NewObjectTagging></S3PutObjectCopy>"
    )

    reply = post(write(operation=copy))

    assert reply.told == (400, "BadRequestException")
    assert reply.body.count(b"NewObjectTagging[") == 20
    assert b"And 4,980 more." in reply.body
