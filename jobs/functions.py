"""The table of functions: what a person may change of it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, NotFound
from jobs.models import Function


def set_function(account_id: str, name: str, url: str) -> Function:
    """Say where a function is called, or change it. Raises InvalidRequest."""
    known = Function.objects.filter(account_id=account_id, name=name).first()
    function = known or Function(account_id=account_id, name=name)
    function.url = url
    try:
        function.full_clean()
    except ValidationError as error:
        raise InvalidRequest(error.message_dict) from None
    try:
        with write():
            function.save()
    except IntegrityError:
        raise Conflict(
            f"Somebody else has just made the function {name}; look at it first."
        ) from None
    return function


def remove_function(account_id: str, name: str) -> None:
    """Forget where a function is called. Raises NotFound."""
    with write():
        gone, _ = Function.objects.filter(account_id=account_id, name=name).delete()
    if not gone:
        raise NotFound(f"There is no function {name} in account {account_id}.")
