"""The check of the tour's exercise."""

import pytest

from coursekit.testing import answer, expect_equal

pytestmark = pytest.mark.exercise("0.1")


def expect(status, expected):
    expect_equal(answer.succeeded(status), expected, f"succeeded({status})")


def test_ok():
    """200 is a success."""
    expect(200, True)


def test_every_success():
    """Every status from 200 to 299 is a success."""
    for status in range(201, 300):
        expect(status, True)


def test_not_before_200():
    """What comes before 200 is no success."""
    for status in (-200, 0, 20, 100, 199):
        expect(status, False)


def test_not_after_299():
    """What comes after 299 is no success."""
    for status in (300, 304, 404, 500, 2000):
        expect(status, False)
