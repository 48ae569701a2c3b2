"""What is said fluently is the same data as what is written by hand."""

import datetime as dt

import pytest

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments import (
    All,
    Anniversary,
    AnyOf,
    Attribute,
    BetweenAges,
    Bucket,
    CalendarPeriod,
    Consent,
    EventAggregate,
    EventCount,
    FirstEvent,
    Lapsed,
    Last,
    LastEvent,
    Member,
    MessageEngagement,
    Not,
    OfCustomer,
    OfEvent,
    Reactivated,
    Regularity,
    Rows,
    Same,
    Score,
    Segment,
    Sequence,
    Since,
    Step,
    Where,
    Without,
    anniversary,
    attribute,
    birthday,
    bought,
    bought_lines,
    bucket,
    column,
    consent,
    did,
    member_of,
    messages,
    returned,
    score,
    was_member_of,
)

SALES = Rows()


def lines(category, **more):
    return Rows(source="order_items", where=(Where(column="category", value=category),), **more)


def events(name, *where):
    return Rows(source="events", where=(Where(column="name", value=name), *where))


MATTRESS, COVER = lines("mattress"), lines("cover")

PAIRS = [
    (bought(), EventCount(at_least=1)),
    (bought().at_least(0), EventCount(at_least=0)),
    (bought().at_most(2).within("30d"), EventCount(at_most=2, window=Last(length="30d"))),
    (bought().exactly(0), EventCount(at_least=0, at_most=0)),
    (bought().never(), EventCount(at_most=0)),
    (bought(category="mattress"), EventCount(rows=MATTRESS, at_least=1)),
    (
        bought(product_id=[1, 2]),
        EventCount(
            rows=Rows(
                source="order_items",
                where=(Where(column="product_id", operator="in", values=(1, 2)),),
            ),
            at_least=1,
        ),
    ),
    (
        bought(column("amount") >= 1000, channel="site"),
        EventCount(
            rows=Rows(
                where=(
                    Where(column="channel", value="site"),
                    Where(column="amount", operator="at_least", value=1000),
                )
            ),
            at_least=1,
        ),
    ),
    (
        bought(category="mattress").where(column("amount") < 5).kept(),
        EventCount(
            rows=lines("mattress", net=True).also(
                Where(column="amount", operator="less_than", value=5)
            ),
            at_least=1,
        ),
    ),
    (
        bought_lines(column("quantity") > 2),
        EventCount(
            rows=Rows(
                source="order_items",
                where=(Where(column="quantity", operator="more_than", value=2),),
            ),
            at_least=1,
        ),
    ),
    (returned(), EventCount(rows=Rows(source="returns"), at_least=1)),
    (
        returned(category="mattress"),
        EventCount(rows=MATTRESS.with_fields(source="returned_items"), at_least=1),
    ),
    (
        did("Product Viewed", product_id=7).since(dt.date(2025, 1, 1), dt.date(2025, 2, 1)),
        EventCount(
            rows=events("Product Viewed", Where(column="product_id", value=7)),
            window=Since(start=dt.date(2025, 1, 1), until=dt.date(2025, 2, 1)),
            at_least=1,
        ),
    ),
    (
        bought().between("90d", "30d").if_too_new("unknown"),
        EventCount(window=BetweenAges(oldest="90d", youngest="30d"), at_least=1, too_new="unknown"),
    ),
    (
        bought().in_period("1mo", ago=1),
        EventCount(window=CalendarPeriod(every="1mo", ago=1), at_least=1),
    ),
    (
        bought().within("1y").total("amount") >= 100,
        EventAggregate(window=Last(length="1y"), aggregate="sum", column="amount", value=100),
    ),
    (
        bought().mean("amount").between(10, 20.5),
        EventAggregate(aggregate="mean", column="amount", value=10, to=20.5),
    ),
    (
        bought().distinct("channel") == 2,
        EventAggregate(aggregate="distinct", column="channel", operator="equals", value=2),
    ),
    (
        bought().least("amount") < 3,
        EventAggregate(aggregate="min", column="amount", operator="less_than", value=3),
    ),
    (
        bought().greatest("amount") != 3,
        EventAggregate(aggregate="max", column="amount", operator="not_equals", value=3),
    ),
    (
        bought().share(column("promo_code").is_known()) > 0.5,
        EventAggregate(
            aggregate="share",
            of=(Where(column="promo_code", operator="known"),),
            operator="more_than",
            value=0.5,
        ),
    ),
    (bought().first().within("30d"), FirstEvent(window=Last(length="30d"))),
    (
        bought().last().has(column("amount") >= 5, channel="site"),
        LastEvent(
            has=(
                Where(column="channel", value="site"),
                Where(column="amount", operator="at_least", value=5),
            )
        ),
    ),
    (
        bought(category="mattress").within("1mo").not_followed_by(bought(category="cover")),
        Sequence(
            steps=(Step(rows=MATTRESS, without=(Without(rows=COVER),)),),
            window=Last(length="1mo"),
            which="last",
        ),
    ),
    (
        did("Product Added")
        .between("7d", "24h")
        .not_followed_by(did("Product Removed"), same="product_id")
        .not_followed_by(bought())
        .starting("last", among="all"),
        Sequence(
            steps=(
                Step(
                    rows=events("Product Added"),
                    without=(
                        Without(rows=events("Product Removed"), same=(Same(column="product_id"),)),
                        Without(rows=SALES),
                    ),
                ),
            ),
            window=BetweenAges(oldest="7d", youngest="24h"),
            which="last",
            among="all",
        ),
    ),
    (
        bought(category="mattress")
        .followed_by(bought(category="cover"), within="30d", without=returned())
        .not_followed_by(returned(), within="14d")
        .within("1y")
        .unfinished("unknown"),
        Sequence(
            steps=(
                Step(rows=MATTRESS, without=(Without(rows=Rows(source="returns")),)),
                Step(rows=COVER, within="30d", without=(Without(rows=Rows(source="returns")),)),
            ),
            window=Last(length="1y"),
            quiet_for="14d",
            unfinished="unknown",
        ),
    ),
    (
        bought().active_in(3, of_last=6, every="1mo"),
        Regularity(every="1mo", periods=6, at_least=3),
    ),
    (bought().lapsed("3mo"), Lapsed(silent="3mo")),
    (bought().reactivated("6mo"), Reactivated(gap="6mo")),
    (birthday(days=7), Anniversary(of=OfCustomer(column="birthday"), days=7)),
    (
        anniversary("registered_at", after="1y"),
        Anniversary(of=OfCustomer(column="registered_at"), after="1y"),
    ),
    (
        bought(category="mattress").last().anniversary(after="11mo"),
        Anniversary(of=OfEvent(rows=MATTRESS), after="11mo"),
    ),
    (
        attribute("city").is_in(["Omsk", "Tver"]),
        Attribute(column="city", operator="in", values=("Omsk", "Tver")),
    ),
    (
        attribute("city", fold=True, missing="false") == "ОРЁЛ",
        Attribute(column="city", value="ОРЁЛ", fold=True, missing="false"),
    ),
    (
        attribute("city").not_in(["Omsk"]),
        Attribute(column="city", operator="not_in", values=("Omsk",)),
    ),
    (attribute("city") != "Omsk", Attribute(column="city", operator="not_equals", value="Omsk")),
    (
        attribute("email").ends_with(".ru"),
        Attribute(column="email", operator="ends_with", value=".ru"),
    ),
    (
        attribute("email").starts_with("a"),
        Attribute(column="email", operator="starts_with", value="a"),
    ),
    (attribute("email").contains("@"), Attribute(column="email", operator="contains", value="@")),
    (attribute("email").matches("^a"), Attribute(column="email", operator="matches", value="^a")),
    (attribute("email").is_missing(), Attribute(column="email", operator="unknown")),
    (
        attribute("registered_at").within("7d"),
        Attribute(column="registered_at", operator="during", window=Last(length="7d")),
    ),
    (score("p_alive") <= 0.3, Score(column="p_alive", operator="at_most", value=0.3)),
    (consent("email"), Consent(channel="email")),
    (
        messages("ignored", campaign="spring").within("90d").at_least(3),
        MessageEngagement(
            engagement="ignored", campaign="spring", window=Last(length="90d"), at_least=3
        ),
    ),
    (messages("opened"), MessageEngagement(engagement="opened", at_least=1)),
    (
        messages("clicked").exactly(0),
        MessageEngagement(engagement="clicked", at_least=0, at_most=0),
    ),
    (messages("opened").never(), MessageEngagement(engagement="opened", at_most=0)),
    (member_of("Regulars"), Member(segment="Regulars")),
    (
        was_member_of("Regulars", "left", within="30d"),
        Member(segment="Regulars", when="left", window=Last(length="30d")),
    ),
    (bucket("pilot", 0, 0.1), Bucket(salt="pilot", end=0.1)),
]


@pytest.mark.parametrize(("said", "written"), PAIRS)
def test_what_is_said_is_what_is_written(said, written):
    assert said.as_condition() == written
    assert Segment(name="a", condition=said) == Segment(name="a", condition=written)


def test_the_signs_join_in_flat_lists_with_the_precedence_of_python():
    a, b, c = (EventCount(at_least=number) for number in (1, 2, 3))
    assert a & b & c == All(conditions=[a, b, c])
    assert a | b | c == AnyOf(conditions=[a, b, c])
    assert a | b & c == AnyOf(conditions=[a, All(conditions=[b, c])])
    assert (a | b) & c == All(conditions=[AnyOf(conditions=[a, b]), c])
    assert ~a & b == All(conditions=[Not(condition=a), b])
    assert ~~a == a


def test_builders_and_conditions_join_with_each_other():
    said = bought().within("1y") & (attribute("city") == "Omsk") & ~consent("sms")
    assert said == All(
        conditions=[
            EventCount(window=Last(length="1y"), at_least=1),
            Attribute(column="city", value="Omsk"),
            Not(condition=Consent(channel="sms")),
        ]
    )


def test_two_windows_joined_are_another_segment_than_a_sequence():
    windows = bought(category="mattress").within("1mo") & ~bought(category="cover").within("1mo")
    sequence = bought(category="mattress").within("1mo").not_followed_by(bought(category="cover"))
    assert Segment(name="a", condition=windows) != Segment(name="a", condition=sequence)


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (lambda: bought(category="tea", channel="site"), "a filter is on one row"),
        (lambda: bought().at_least(2).total("amount"), "one of them"),
        (lambda: bought().within("1d").last(), "what happened alone"),
        (lambda: bought().followed_by(bought().within("1d")), "what happened alone"),
        (lambda: bought().at_least(2).followed_by(bought()), "what happened alone"),
        (lambda: bought().not_followed_by(), "at least one"),
        (
            lambda: bought().not_followed_by(returned()).followed_by(bought()),
            "not_followed_by last",
        ),
        (
            lambda: bought().not_followed_by(returned(), within="1d").not_followed_by(bought()),
            "'1d', as what was said before",
        ),
        (lambda: bought().within(30), "a length such as '30d'"),
        (lambda: bought().within("1y").since(dt.date(2025, 1, 1)), "a second window"),
        (lambda: bought().at_least(2).never().at_most(1), "a second count"),
        (lambda: bought().last().has(channel="web").anniversary(after="1mo"), "join two with &"),
        (lambda: bought().not_followed_by(bought()).as_condition(), "the step itself is one of"),
        (
            lambda: bought(category="tea").not_followed_by(bought(), within="60d").as_condition(),
            "the step itself is one of",
        ),
        (
            lambda: returned().followed_by(bought(), without=returned()).as_condition(),
            "the step itself is one of",
        ),
        (lambda: bought() & "tea", "conditions, joined with"),
        (lambda: bought() and bought(), "neither true nor false"),
        (lambda: birthday(days=7) & True, "put comparisons in brackets"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_is_said(say, said):
    with pytest.raises(DefinitionError) as caught:
        say()
    assert said in str(caught.value)


def test_a_chain_says_its_filters_of_one_row_together():
    condition = bought(column("amount") > 5, category="tea").as_condition()
    assert [one.column for one in condition.rows.where] == ["category", "amount"]


UNCOMPARED = [
    (attribute("city"), r"attribute\('city'\) is a column, and no condition.*>= 3"),
    (score("p"), r"score\('p'\) is a column.*compare it: score\('p'\) >= 3"),
    (column("amount"), r"column\('amount'\) is a column, and no filter"),
    (bought().mean("amount"), r"The mean of 'amount' is a figure.*compare it: \(…\) >= 3"),
    (bought().share(column("channel") == "site"), "The share is a figure.*>= 3"),
]


@pytest.mark.parametrize(("given", "said"), UNCOMPARED)
@pytest.mark.parametrize(
    "use",
    [
        lambda given: Segment(name="x", condition=given),
        lambda given: All(conditions=[bought().as_condition(), given]),
        lambda given: Not(condition=given),
        lambda given: given & bought(),
        lambda given: given | bought(),
        lambda given: ~given,
        bool,
        lambda given: bought().last().has(given),
    ],
)
def test_what_is_not_compared_says_how_to_compare_it(given, said, use):
    with pytest.raises(DefinitionError, match=said):
        use(given)


def test_none_is_asked_for_by_name():
    for given, name in (
        (attribute("city"), "attribute"),
        (score("p"), "score"),
        (column("c"), "column"),
    ):
        with pytest.raises(DefinitionError, match=rf"write {name}\('\w+'\)\.is_missing\(\)"):
            given == None  # noqa: B015, E711
        with pytest.raises(DefinitionError, match=rf"write {name}\('\w+'\)\.is_known\(\)"):
            given != None  # noqa: B015, E711
    with pytest.raises(DefinitionError, match=r"column\('category'\)\.is_missing\(\)"):
        bought().last().has(category=None)
