"""Whether the endpoint of a role or a function may be reached, as the administrator has it."""

from __future__ import annotations

from django.conf import settings

from operations.gate import Gate, addresses_of, gate_for


def gate_at(url: str | None) -> Gate:
    """The gate for clients of an endpoint; without one, of AWS."""
    return gate_for(settings.LADING_ENDPOINTS, url)


def refusal(url: str, *, in_host: bool = False) -> str:
    """Why an endpoint may not be reached now, in a sentence; empty where it may. Looks its name up.

    What does not resolve may do so later: then the gate looks. `in_host`: buckets stand in the
    host's name.
    """
    gate = gate_at(url)
    try:
        addresses = addresses_of(gate.endpoint)
    except (OSError, UnicodeError):
        addresses = []
    return gate.refusal(addresses, in_host=in_host)
