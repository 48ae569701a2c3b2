"""The tree of errors: branched by what the caller can do, each with attributes and no secrets."""

import pytest

from retention_kit import errors
from retention_kit.errors import (
    ChannelError,
    DataWarning,
    DefinitionError,
    MissingColumnError,
    RateLimitedError,
    RepeatedOrderIdError,
    RetentionKitError,
    RetryableError,
    bad_parameter,
    nearest_names,
)

CLASSES = [
    made
    for made in vars(errors).values()
    if isinstance(made, type) and made.__module__ == errors.__name__
]


@pytest.mark.parametrize("made", CLASSES, ids=lambda made: made.__name__)
def test_every_error_is_of_one_root_and_says_what_it_is(made):
    assert issubclass(made, RetentionKitError) or made is DataWarning
    assert made.__doc__


def test_the_tree_branches_by_what_the_caller_can_do():
    branches = {made.__name__ for made in CLASSES if made.__base__ is RetentionKitError}
    assert branches == {"DataError", "DefinitionError", "PluginError", "ChannelError"}
    channel = {made.__name__ for made in CLASSES if made.__base__ is ChannelError}
    assert channel == {
        "RetryableError",
        "RateLimitedError",
        "AuthenticationError",
        "RejectedError",
        "UnknownOutcomeError",
    }


def test_a_warning_is_no_error():
    assert issubclass(DataWarning, UserWarning)


def test_a_rate_limit_carries_how_long_to_wait():
    assert RateLimitedError("slower", retry_after=1.5).retry_after == 1.5
    assert RateLimitedError("slower").retry_after is None
    assert str(RetryableError("later")) == "later"


def test_a_bad_parameter_is_told_in_one_shape():
    error = bad_parameter("unit", got="week", allowed="'order' or 'day'", step="unit='day'.")
    assert isinstance(error, DefinitionError)
    assert error.parameter == "unit"
    assert str(error) == (
        "Parameter 'unit' is 'week'. Allowed: 'order' or 'day'. Next step: unit='day'."
    )
    assert str(bad_parameter("unit", got=1, allowed="text")) == (
        "Parameter 'unit' is 1. Allowed: text."
    )


@pytest.mark.parametrize(
    ("name", "available", "nearest"),
    [
        ("customer_id", ["CustomerID", "Country"], ("CustomerID",)),
        ("amount", ["discount", "Total amount"], ("Total amount",)),
        ("order_id", ["ORDER ID", "order-id"], ("ORDER ID",)),
        ("order_id", [], ()),
        ("order_id", ["", "—", "x"], ()),
        ("", ["a"], ()),
        ("клиент", ["Клиент", "Дата"], ("Клиент",)),
    ],
)
def test_the_nearest_names_ignore_case_and_punctuation(name, available, nearest):
    assert nearest_names(name, available) == nearest


def test_no_more_names_are_offered_than_asked_for():
    names = [f"order_id_{n}" for n in range(10)]
    assert len(nearest_names("order_id", names)) == 3
    assert len(nearest_names("order_id", names, limit=5)) == 5


def test_a_table_of_no_columns_says_so():
    assert "It has: no columns." in str(MissingColumnError("orders", "amount", []))


def test_counts_in_messages_are_grouped_by_thousands():
    error = RepeatedOrderIdError(ids=1_234_567, repeated=23_456)
    assert "23,456 of 1,234,567 order ids" in str(error)
    assert "(1.9%)" in str(error)
