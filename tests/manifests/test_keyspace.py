"""Where ranges of keys are cut: always between their ends, and soon where the keys are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.manifests.keyspace import LONGEST_KEY, Alphabet, beyond, midpoint, shared, usable
from jobs.manifests.ranges import beginnings

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
FEW_LETTERS = st.text("ab/0é\U0001f600", max_size=6)


def alphabet(*keys: str) -> Alphabet:
    made = Alphabet()
    made.learn(keys)
    return made


@given(KEYS, KEYS)
def test_what_is_beyond_a_text_comes_after_all_that_begins_with_it(text: str, rest: str) -> None:
    found = beyond(text)

    if found is None:
        assert set(text) == {"\U0010ffff"}
    else:
        assert found > text + rest
        assert found.encode() > (text + rest).encode(), "also in the order of bytes"


def test_nothing_is_beyond_the_last_character() -> None:
    assert beyond("\U0010ffff") is None
    assert beyond("a\U0010ffff") == "b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "b"),
        ("a\x01", "a "),
        ("\ud7ff", "\ue000"),
        ("\ufffd", "\U00010000"),
        ("a~", "a\x7f"),
        ("a.", "a0"),
    ],
)
def test_a_text_to_begin_a_listing_with_can_stand_in_xml_and_in_any_order_of_slashes(
    text: str, expected: str
) -> None:
    assert beyond(text) == expected


@given(FEW_LETTERS, FEW_LETTERS, st.lists(FEW_LETTERS, max_size=4))
def test_a_midpoint_lies_between_the_ends(one: str, two: str, seen: list[str]) -> None:
    low, high = sorted((one, two))
    found = midpoint(low, high, 0, alphabet(*seen)) if low != high else None

    assert found is None or low < found < high


@given(FEW_LETTERS, FEW_LETTERS)
def test_without_an_upper_end_a_midpoint_keeps_what_all_keys_begin_with(
    prefix: str, rest: str
) -> None:
    found = midpoint(prefix + rest, None, len(prefix), alphabet("ab0"))

    assert found is None or (found.startswith(prefix) and found > prefix + rest)


def test_among_hexadecimal_digits_the_middle_is_that_of_sixteen() -> None:
    assert midpoint("0f3a", None, 0, alphabet("0123456789abcdef-")) == "8"


def test_after_a_digit_a_digit_is_looked_for_where_there_are_other_letters() -> None:
    assert midpoint("2015/x", "3", 0, alphabet("2015/x", "0123456789 img.jpg")) == "25"


def test_where_no_character_fits_the_next_place_is_tried() -> None:
    assert midpoint("a/b/c", "a0", 0, alphabet("abc/0")) == "a/c"


def test_what_is_longer_than_a_key_begins_no_listing() -> None:
    assert usable("é" * (LONGEST_KEY // 2)) is not None
    assert usable("é" * (LONGEST_KEY // 2) + "a") is None


def test_the_place_of_a_text_grows_with_it() -> None:
    known = alphabet("abcdef")
    places = [known.place(text) for text in ("", "a", "ab", "b", "f", "ff")]

    assert places == sorted(places)
    assert 0 <= places[0] < places[-1] <= 1


@given(FEW_LETTERS, FEW_LETTERS)
def test_shared_counts_what_two_texts_begin_with(one: str, two: str) -> None:
    count = shared(one, two)

    assert one[:count] == two[:count]
    assert one[count : count + 1] != two[count : count + 1] or one == two


@given(st.lists(FEW_LETTERS.filter(bool), max_size=6), FEW_LETTERS)
def test_of_overlapping_prefixes_each_key_keeps_exactly_one(prefixes: list[str], key: str) -> None:
    kept = [prefix for prefix in beginnings(prefixes) if key.startswith(prefix)]
    wanted = any(key.startswith(prefix) for prefix in prefixes) or not prefixes

    assert len(kept) == (1 if wanted else 0)
