"""Ages and long names in few words."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jobs.pages.words import CUT, age, middle


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
        (86_399, "23 h"), (86_400, "1 d"), (86_400 * 1_234, "1,234 d"),
    ],
)  # fmt: skip
def test_an_age_has_one_unit_and_is_never_below_nothing(seconds: float, text: str) -> None:
    with time_machine.travel("2026-01-05T10:00:00Z", tick=False):
        assert age(timezone.now() - timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("", 5, ""),
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "ab…ef"),
        ("abcdefg", 6, "abc…fg"),
        ("ünïcödé-kéy", 5, "ün…éy"),
    ],
)
def test_a_long_text_is_cut_in_the_middle(text: str, most: int, shown: str) -> None:
    assert middle(text, most) == shown


@given(st.text(), st.integers(3, 50))
def test_what_is_cut_keeps_both_ends_and_the_bound(text: str, most: int) -> None:
    shown = middle(text, most)

    assert len(shown) == min(len(text), most)
    if len(text) > most:
        begins, _, ends = shown.partition(CUT) if CUT not in text else (shown[0], "", shown[-1])
        assert text.startswith(begins)
        assert text.endswith(ends)
