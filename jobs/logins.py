"""How often somebody tries to log in, and when it is too often.

    a name from one address      5 times in a quarter of an hour
    one address, any name       50 times
    a name from any address    100 times

The latter two do not hold where that name has logged in from that address within a month: nobody
can lock others out of the places where they work. An attempt is counted before its password is
looked at, so that many at once are counted as many; a success forgets those of its name and
address. The rows are the database's, and so count for all processes and machines.

Not django-axes, which has but one limit for all of this: an address shared by an office would be
locked as soon as one person mistypes, or a name could be guessed at from everywhere.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from unicodedata import normalize

from django.contrib.auth import user_logged_in
from django.db import models
from django.db.models import Min, Q, Sum
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from jobs.database import alone, write

WINDOW = timedelta(minutes=15)
KNOWN_FOR = timedelta(days=30)
BEGUN, SEEN = "begun", "seen"
"""What a session says of its age."""
MOST_OF_NAME_AND_ADDRESS = 5
MOST_OF_ADDRESS = 50
MOST_OF_NAME = 100


class Login(models.Model):
    """The attempts of one name from one address. The name is a digest: people type their password
    there by mistake.
    """

    who = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)
    succeeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "address"], name="login_who_where")]

    def __str__(self) -> str:
        return f"{self.attempts} from {self.address}"


def begin(name: str, address: str) -> datetime | None:
    """Count an attempt. None, or the time to wait for where it is one too many: then the password
    must not be looked at.
    """
    now = timezone.now()
    pair = Q(who=digest_of(name), address=address)
    with write():
        alone(f"login from {address}")
        if until := _refused_until(pair, Q(who=digest_of(name)), Q(address=address), now):
            return until
        row = Login.objects.filter(pair).first() or _new(name, address, now)
        if row.since <= now - WINDOW:
            row.attempts, row.since = 0, now
        row.attempts += 1
        row.save()
    return None


def _refused_until(pair: Q, name: Q, address: Q, now: datetime) -> datetime | None:
    recent = Login.objects.filter(since__gt=now - WINDOW)
    limits = [(pair, MOST_OF_NAME_AND_ADDRESS)]
    if not Login.objects.filter(pair, succeeded_at__gt=now - KNOWN_FOR).exists():
        limits += [(address, MOST_OF_ADDRESS), (name, MOST_OF_NAME)]
    for which, most in limits:
        told = recent.filter(which).aggregate(attempts=Sum("attempts"), since=Min("since"))
        if (told["attempts"] or 0) >= most:
            since: datetime = told["since"]
            return since + WINDOW
    return None


def _new(name: str, address: str, now: datetime) -> Login:
    """A row for a pair that has none; those that say nothing any more go."""
    unknown = Q(succeeded_at=None) | Q(succeeded_at__lt=now - KNOWN_FOR)
    Login.objects.filter(unknown, since__lt=now - WINDOW).delete()
    return Login(who=digest_of(name), address=address, since=now)


def succeeded(name: str, address: str) -> None:
    """The password was right: what was tried before it in vain is forgotten."""
    with write():
        Login.objects.filter(who=digest_of(name), address=address).update(
            attempts=0, succeeded_at=timezone.now()
        )


def unlock(name: str = "", address: str = "") -> int:
    """Let a name, an address, or everybody try again at once; how many rows that changed."""
    rows = Login.objects.filter(attempts__gt=0)
    if name:
        rows = rows.filter(who=digest_of(name))
    if address:
        rows = rows.filter(address=address)
    with write():
        return rows.update(attempts=0)


@receiver(user_logged_in)
def stamp(request: HttpRequest, **_: object) -> None:
    """Write into a new session when it began; pages/sessions.py ends it."""
    request.session[BEGUN] = request.session[SEEN] = int(time.time())


def digest_of(name: str) -> str:
    """One digest for all ways of writing a name that somebody may try."""
    folded = normalize("NFKC", name).casefold().strip()
    return salted_hmac("jobs.logins", folded, algorithm="sha256").hexdigest()
