"""What an audit says of ready segments beside their figures: whose revenue it is, and of when."""

import datetime as dt
from decimal import Decimal

import pytest

from retention_kit import Dataset
from retention_kit.audit import audit
from retention_kit.audit.report import report_sections, texts

AS_OF = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)


def order(number, customer, amount, kind="sale"):
    at = dt.datetime(2025, 5, number, tzinfo=dt.UTC)
    return {
        "order_id": number,
        "customer_id": customer,
        "ordered_at": at,
        "amount": Decimal(amount),
        "kind": kind,
    }


@pytest.fixture(scope="module")
def result():
    orders = [
        order(1, 1, 100),
        order(2, 1, -40, "return"),
        order(3, 1, -10, "return"),
        order(4, 2, 100),
    ]
    return audit(Dataset.from_frames(orders=orders, time_zone="UTC", currency="EUR"), as_of=AS_OF)


@pytest.mark.parametrize(
    ("language", "gross"), [("en", "before returns"), ("ru", "без вычета возвратов")]
)
def test_revenue_of_segments_is_said_to_be_what_it_is(result, language, gross):
    """Of who returns often, half the revenue would else be taken for what the shop has kept."""
    row = result.tables["ready_segments"].filter(ready_segment="returned_often").to_dicts()[0]
    assert row["revenue"] == 100
    assert row["share_of_revenue"] == 0.5
    words = texts(language)
    section = report_sections(result, language=language)["segments"]
    assert gross in section.intro
    assert gross in words["pictures"]["ready_segments"]["summary"]
    assert gross in words["pictures"]["ready_segments"]["series"]["money"]
    assert gross in words["headings"]["ready_segments"]["revenue"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "in several, or in none; segments with nobody in them are left out"),
        (
            "ru",
            "в нескольких сегментах или ни в одном; сегменты, в которых никого нет, не показаны",
        ),
    ],
)
def test_the_audit_says_that_segments_overlap(language, said):
    assert said in texts(language)["sections"]["segments"]["intro"]
