"""Where functions are called that do not run on AWS."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from jobs import reach
from jobs.accounts import is_endpoint
from jobs.members import ACCOUNT_ID
from operations.base import Unfit
from operations.lambda_invoke import FUNCTION


def is_function(name: str) -> None:
    """Validate a function's name or ARN."""
    if not FUNCTION.fullmatch(name):
        raise ValidationError(
            "Give a function's name or ARN, such as thumbnails or "
            "arn:aws:lambda:us-east-1:123456789012:function:thumbnails."
        )


def is_server(url: str) -> None:
    """Validate the address of a server that speaks Invoke: formed as that of a store."""
    try:
        is_endpoint(url)
    except ValidationError:
        raise ValidationError(
            "Give http:// or https:// and a host, such as http://functions.example.org:9001."
        ) from None


class Function(models.Model):
    """A function's name or ARN, and the server that speaks Lambda's Invoke call for it."""

    account_id = models.CharField(max_length=12, validators=[ACCOUNT_ID])
    name = models.CharField(
        max_length=1024,
        validators=[is_function],
        help_text="A bare name also stands for every ARN of a function of that name.",
    )
    url = models.CharField(
        "URL",
        max_length=500,
        validators=[is_server],
        help_text="Called with POST …/2015-03-31/functions/NAME/invocations.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="function_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a server that is not to be reached; what is no URL its field's validator tells."""
        try:
            is_server(self.url)
        except ValidationError:
            return
        if told := reach.refusal(self.url):
            raise ValidationError({"url": told})

    @classmethod
    def urls_of(cls, account_id: str) -> dict[str, str]:
        """The whole table of an account."""
        return dict(cls.objects.filter(account_id=account_id).values_list("name", "url"))


def server_of(function: str, urls: Mapping[str, str], *, at_aws: bool) -> str | None:
    """Where a function is called; None on AWS, where the role `at_aws` may call it.

    Raises Unfit where it is neither in the table nor on AWS, or where that may not be reached.
    """
    url = url_of(function, urls)
    if url is None and not at_aws:
        raise Unfit(
            "FunctionUnreachable",
            f"The function {function[:100]} is in no table, and the role's store is not AWS. "
            "Say where to call it: `manage.py function set NAME URL`.",
        )
    if url and (told := reach.refusal(url)):
        raise Unfit("FunctionUnreachable", f"The function cannot be called: {told}"[:256])
    return url


def url_of(function: str, urls: Mapping[str, str]) -> str | None:
    """Where a function is called: what is exactly so named goes first, then the ARN without its
    alias or version, then the bare name of the function.
    """
    match = FUNCTION.fullmatch(function)
    if match is None:
        return None
    unqualified = function.removesuffix(match["qualifier"] or "")
    names = (function, unqualified, match["name"])
    return next((urls[name] for name in names if name in urls), None)
