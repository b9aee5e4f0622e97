"""The S3 Control API on the wire: the eight calls of Batch Operations, as boto3, the AWS CLI and
every AWS SDK make them (spec.md section 3).

    middleware.py  which requests are for it, whatever the host is called
    views.py       one request: find the call, verify, read, answer; every error in AWS's form
    signature.py   who sent it: Signature Version 4
    model.py       the calls and their shapes, from botocore's own model of S3 Control
    reading.py     XML, query and path into the members of a shape, checked by its limits
    limits.py      the limits that the model has for a value
    writing.py     members of a shape into XML
    calls.py       the eight calls: each asks one verb of services.py
    asking.py      CreateJob's members as a job is asked for here
    telling.py     a job as DescribeJob and ListJobs tell it
    errors.py      AWS's errors, and which of ours is which of them

Nothing here is written once per member: one that AWS adds comes with the next botocore.
"""
