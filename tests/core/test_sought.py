"""Keys that are looked for: the cheap looks at bounds and bytes never miss one that is there."""

from __future__ import annotations

import random

import pytest

from jobs.manifests.rows import decode_key, encode_row
from jobs.sought import Typed, Written

LETTERS = [
    *"ab/9~",
    " ",
    "+",
    "%",
    "%4",
    "%2B",
    '"',
    ",",
    "\n",
    "(",
    "é",
    "ß",
    "あ",
    "😀",
    "\U0010fffd",
]


def spelled(chance: random.Random, key: str) -> str:
    """One of the spellings of a key."""
    return "".join(chance.choice(spellings(chance, letter)) for letter in key)


def spellings(chance: random.Random, letter: str) -> list[str]:
    escaped = "".join(
        "%" + "".join(chance.choice([digit, digit.lower()]) for digit in f"{byte:02X}")
        for byte in letter.encode()
    )
    plain = {" ": [" ", "+"], "+": [], "%": []}.get(letter, [letter])
    return [escaped, *plain, *plain]


def random_key(chance: random.Random, length: int) -> str:
    return "".join(chance.choice("".join(LETTERS)) for _ in range(length))


@pytest.mark.parametrize("seed", range(20))
def test_a_key_in_any_spelling_is_missed_by_none_of_the_looks(seed: int) -> None:
    chance = random.Random(seed)
    begin = random_key(chance, chance.randint(0, 3))
    keys = [begin + random_key(chance, chance.randint(1, 4)) for _ in range(40)]
    written = sorted(spelled(chance, key) for key in keys)
    slices = [written[place : place + 5] for place in range(0, 40, 5)]
    for key in keys:
        for text in (key, spelled(chance, key), key[:-1], spelled(chance, key)[:-1]):
            for sought in (Typed(text), Typed(text, whole=True), Written(text)):
                for rows in slices:
                    met = [row for row in rows if sought.is_met_by(row)]
                    assert not met or sought.may_be_between(rows[0], rows[-1])
                    for row in met:
                        assert sought.may_be_in(encode_row("photos", row, None))
                        assert sought.may_be_in(encode_row("photos", row, "v1"))


@pytest.mark.parametrize("seed", range(20))
def test_a_key_that_is_typed_meets_its_spellings_and_no_other_key(seed: int) -> None:
    chance = random.Random(seed)
    keys = [random_key(chance, chance.randint(1, 3)) for _ in range(60)]
    for key, other in zip(keys, reversed(keys), strict=True):
        written, typed = spelled(chance, key), spelled(chance, other)

        assert Typed(key, whole=True).is_met_by(written)
        assert Typed(typed, whole=True).is_met_by(written) == (
            decode_key(written) in (typed, decode_key(typed))
        )
        assert Typed(key[:1]).is_met_by(written)
        assert not Typed(f"{key}x").is_met_by(written)
        assert not Typed(f"{key}x", whole=True).is_met_by(written)


def test_a_text_that_encodes_no_text_is_compared_as_it_is() -> None:
    assert Typed("100%ce").is_met_by("100%CEx") is False
    assert Typed("100%ce").is_met_by("100%cex")
    assert Typed("100%ce").is_met_by("100%25ce")
    assert Typed("%c3").is_met_by("%c3%bc"), "the beginning of what is shown, cut in a letter"
    assert Typed("a%2").is_met_by("a%20b")


SLICES = [(f"my%20dir/{place:05}00", f"my%20dir/{place:05}99") for place in range(1000)]
OTHERS = [(f"%E6%97%A5/{place:05}00", f"%E6%97%A5/{place:05}99") for place in range(1000)]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("my dir/0012345", 1),
        ("my%20dir/0012345", 1),
        ("my+dir%2F0012345", 1),
        ("日/0012345", 1),
        ("日/0012", 10),
        ("月/0012345", 0),
        ("my dir/0100000", 0),
        ("zzz", 0),
    ],
)
def test_few_slices_of_a_list_in_order_have_to_be_read(text: str, most: int) -> None:
    read = [bounds for bounds in SLICES + OTHERS if Typed(text).may_be_between(*bounds)]

    assert len(read) == most


def test_a_key_of_any_length_is_looked_for() -> None:
    long = "dir ü/" * 300

    assert Typed(long).may_be_between("dir", "dis")
    assert Typed(long).may_be_in(f"photos,{long}".encode())
    assert Typed(long).is_met_by(long)
