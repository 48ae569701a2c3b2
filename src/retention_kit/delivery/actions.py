"""What can be done to or for one customer, as data. Channels carry it out, journals keep count.

Each action has a key, (campaign, customer, step, occurrence), by which it happens once. Its `id` is
made of the key, names nobody, and is what outside systems are given as the external id.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _as_json
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple

from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

if TYPE_CHECKING:
    import pydantic

_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class ActionKey(NamedTuple):
    """By what an action is one and the same, however often it is handed in.

    Attributes:
        campaign: Why it is done.
        customer_id: To whom.
        step: Which step of the campaign.
        occurrence: Which time of several: a date, an order's id.
    """

    campaign: str
    customer_id: int | str
    step: str
    occurrence: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Action:
    """What all actions have.

    Attributes:
        campaign: Why it is done: a campaign's or a synchronisation's name.
        customer_id: To whom, as in the tables.
        step: Which step of the campaign; by default the kind of the action.
        occurrence: Which time of several, where a step comes more than once.
        email: The customer's e-mail address.
        phone: The customer's telephone number.
        identifiers: Other names that outside systems know the customer by, such as
            `{"bitrix24_contact": "17"}`.

    Raises:
        DefinitionError: A field is not what it may be.
    """

    KIND: ClassVar[str] = ""

    campaign: str
    customer_id: int | str
    step: str = ""
    occurrence: str = ""
    email: str | None = dataclasses.field(default=None, repr=False)
    phone: str | None = dataclasses.field(default=None, repr=False)
    identifiers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.campaign, str) or not self.campaign.strip():
            raise bad_parameter("campaign", got=self.campaign, allowed="a text that is not blank")
        _check_storable("campaign", self.campaign)
        given = self.customer_id
        if not isinstance(given, int | str) or isinstance(given, bool) or given == "":
            raise bad_parameter(
                "customer_id", got=type(given).__name__, allowed="an integer or a text"
            )
        if isinstance(given, str):
            _check_storable("customer_id", given)
        for name in ("step", "occurrence"):
            # 2026 and "2026" would be two actions.
            if not isinstance(getattr(self, name), str):
                got = type(getattr(self, name)).__name__
                raise bad_parameter(name, got=got, allowed="a text; it may be empty")
            _check_storable(name, getattr(self, name))
        _check_types(self)

    @property
    def kind(self) -> str:
        """What is done, as capabilities and journals name it: `create_deal`."""
        return self.KIND

    @property
    def key(self) -> ActionKey:
        """By what it is one and the same."""
        return ActionKey(self.campaign, self.customer_id, self.step or self.kind, self.occurrence)

    @functools.cached_property
    def id(self) -> str:
        """The key as 32 hexadecimal digits (BLAKE2b, 128 bits), the same on every machine."""
        return id_of(self.key)


def _check_storable(parameter: str, text: str) -> None:
    """Refuse what no database holds as text: NUL, and half of a character (a lone surrogate)."""
    if "\0" not in text and (text.isascii() or not _SURROGATE.search(text)):
        return
    raise bad_parameter(
        parameter,
        got="a text with NUL or with half of a character",
        allowed="whole characters other than NUL",
    )


def _check_types(action: Action) -> None:
    """Refuse what channels could only fail at; values are not quoted.

    Raises:
        DefinitionError: A field is not of the type that it is declared as.
    """
    made: type = type(action)
    for name, is_sound, allowed in _checks_of(made):
        value = getattr(action, name)
        if not is_sound(value):
            raise bad_parameter(name, got=type(value).__name__, allowed=allowed)
        if allowed == _AMOUNT and type(value) is int:
            object.__setattr__(action, name, Decimal(value))


@functools.cache
def _checks_of(made: type[Action]) -> tuple[tuple[str, Callable[[Any], bool], str], ...]:
    """Give the fields of a kind of action that are checked by their declared types."""
    return tuple(
        (field.name, *_SOUND[str(field.type)])
        for field in dataclasses.fields(made)
        if str(field.type) in _SOUND and field.name not in _CHECKED
    )


def _is_mapping(value: object) -> bool:
    return type(value) is dict or isinstance(value, Mapping)


def _is_mapping_of_texts(value: Any) -> bool:
    return _is_mapping(value) and all(
        isinstance(name, str) and isinstance(one, str) for name, one in value.items()
    )


def _is_amount(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


_CHECKED: Final = frozenset({"campaign", "step", "occurrence"})
_AMOUNT: Final = "a finite Decimal, an integer or None"
_SOUND: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "str": (lambda value: isinstance(value, str), "a text"),
    "str | None": (lambda value: value is None or isinstance(value, str), "a text or None"),
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool), "an integer"),
    "dt.date | None": (
        lambda value: value is None or isinstance(value, dt.date),
        "a date or None",
    ),
    "dt.datetime | None": (
        lambda value: value is None or isinstance(value, dt.datetime),
        "an instant or None",
    ),
    "Decimal | None": (_is_amount, _AMOUNT),
    "Mapping[str, Any]": (_is_mapping, "a mapping"),
    "Mapping[str, str]": (_is_mapping_of_texts, "a mapping of texts to texts"),
}
"""What a field may hold, by the type that it is declared as."""


def id_of(key: ActionKey) -> str:
    """Give the id that an action with this key has.

    Examples:
        >>> id_of(ActionKey("win back", 7, "create_deal", ""))
        '799e7b77185a53c2aa219a67e20312c1'
    """
    # The text is that of json.dumps(key, ensure_ascii=False, separators=(",", ":")), made faster.
    campaign, customer, step, occurrence = key
    who = _as_json(customer) if isinstance(customer, str) else int.__repr__(customer)
    text = f"[{_as_json(campaign)},{who},{_as_json(step)},{_as_json(occurrence)}]"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class AddToAudience(Action):
    """Put a customer into an advertising audience.

    Attributes:
        audience: The audience's name or id in the outside system.
        mode: `add` to what is there; `replace`, where all that are handed in together become the
            whole audience.
    """

    KIND: ClassVar[str] = "add_to_audience"
    audience: str
    mode: Literal["add", "replace"] = "add"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemoveFromAudience(Action):
    """Take a customer out of an advertising audience.

    Attributes:
        audience: The audience's name or id in the outside system.
    """

    KIND: ClassVar[str] = "remove_from_audience"
    audience: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SendMessage(Action):
    """Write to a customer.

    Attributes:
        text: What is written, plain.
        subject: The subject, where the channel has one.
        html: The same as HTML, where the channel has it.
        template: A template of the outside system, in place of a text.
        variables: What fills the template.
    """

    KIND: ClassVar[str] = "send_message"
    text: str = dataclasses.field(default="", repr=False)
    subject: str = dataclasses.field(default="", repr=False)
    html: str = dataclasses.field(default="", repr=False)
    template: str = ""
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateDeal(Action):
    """Open a deal for a customer in a CRM.

    Attributes:
        title: The deal's name.
        amount: What it is worth, in major units; None where nobody knows yet.
        currency: Three letters; the CRM's own where None.
        pipeline: The pipeline (funnel) by the CRM's id; its first one where None.
        stage: The stage by the CRM's id; the first of the pipeline where None.
        responsible: The manager by the CRM's id.
        comment: What the manager should know.
        fields: Fields of the CRM, by their names there.
    """

    KIND: ClassVar[str] = "create_deal"
    title: str
    amount: Decimal | None = None
    currency: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    responsible: str | None = None
    comment: str = dataclasses.field(default="", repr=False)
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CreateTask(Action):
    """Give a manager something to do about a customer.

    Attributes:
        title: What is to be done.
        due_at: Until when, with a time zone.
        description: What else the manager should know.
        responsible: The manager by the CRM's id; whoever is responsible for the contact or the
            deal where None.
        deal: The id of the `CreateDeal` action whose deal the task belongs to; the customer's
            contact where None.
    """

    KIND: ClassVar[str] = "create_task"
    title: str
    due_at: dt.datetime
    description: str = dataclasses.field(default="", repr=False)
    responsible: str | None = None
    deal: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.due_at, dt.datetime) or self.due_at.tzinfo is None:
            raise bad_parameter("due_at", got=self.due_at, allowed="an instant with a time zone")


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpsertContact(Action):
    """Make a customer's contact what it should be; create it where there is none.

    Attributes:
        first_name: As in `customers`; None leaves what is there.
        last_name: The same.
        birthday: The same.
        fields: Fields of the CRM by their names there: segment, RFM, tier, lifetime value.
    """

    KIND: ClassVar[str] = "upsert_contact"
    first_name: str | None = dataclasses.field(default=None, repr=False)
    last_name: str | None = dataclasses.field(default=None, repr=False)
    birthday: dt.date | None = dataclasses.field(default=None, repr=False)
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PostEvent(Action):
    """Tell an outside system what a customer did.

    Attributes:
        name: The event, in the Segment e-commerce vocabulary: `Order Completed`.
        occurred_at: When, with a time zone.
        value: Its worth, in major units.
        order_id: The order that it is about.
        properties: What else is known.
    """

    KIND: ClassVar[str] = "post_event"
    name: str
    occurred_at: dt.datetime
    value: Decimal | None = None
    order_id: int | str | None = None
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.occurred_at, dt.datetime) or self.occurred_at.tzinfo is None:
            raise bad_parameter(
                "occurred_at", got=self.occurred_at, allowed="an instant with a time zone"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class IssuePromoCode(Action):
    """Give a customer a code.

    Attributes:
        code: The code; the outside system makes one where None.
        pool: The outside system's pool or promotion that it belongs to.
        valid_until: Until when, with a time zone.
    """

    KIND: ClassVar[str] = "issue_promo_code"
    code: str | None = dataclasses.field(default=None, repr=False)
    pool: str = ""
    valid_until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetBalance(Action):
    """Tell an outside system how many points a customer has.

    Attributes:
        wallet: Which points.
        balance: How many, in the wallet's smallest units.
    """

    KIND: ClassVar[str] = "set_balance"
    wallet: str
    balance: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PluginAction(Action):
    """An action that a plugin brings, under a name of its own.

    Attributes:
        name: `vendor.action`, in small Latin letters, digits and `_`.
        data: What the plugin asks for.
    """

    name: str
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAMESPACED.fullmatch(self.name):
            raise bad_parameter(
                "name", got=self.name, allowed="vendor.action, in small Latin letters, digits and _"
            )
        super().__post_init__()

    @property
    def kind(self) -> str:
        """The name."""
        return self.name


ACTIONS: Mapping[str, type[Action]] = {
    one.KIND: one
    for one in (
        AddToAudience,
        CreateDeal,
        CreateTask,
        IssuePromoCode,
        PostEvent,
        RemoveFromAudience,
        SendMessage,
        SetBalance,
        UpsertContact,
    )
}
"""The actions that every channel may speak of, by kind."""


def action_to_dict(action: Action) -> dict[str, Any]:
    """Give an action as what JSON can hold; it contains whatever is known of the customer.

    Amounts become texts, instants ISO 8601.
    """
    written: dict[str, Any] = {"kind": action.kind}
    for field in dataclasses.fields(action):
        value = getattr(action, field.name)
        if value not in (None, "", {}):
            written[field.name] = _written(value)
    return written


def action_from_dict(written: Mapping[str, Any]) -> Action:
    """Read what `action_to_dict` wrote.

    Raises:
        DefinitionError: It is no action, or has fields that its kind has not.
    """
    import pydantic

    fields = dict(written)
    kind = str(fields.pop("kind", ""))
    made = ACTIONS.get(kind) or (PluginAction if _NAMESPACED.fullmatch(kind) else None)
    if made is None:
        near = ", ".join(nearest_names(kind, ACTIONS)) or ", ".join(ACTIONS)
        raise bad_parameter("kind", got=kind, allowed=", ".join(ACTIONS), step=f"nearest: {near}.")
    unknown = sorted(fields.keys() - {field.name for field in dataclasses.fields(made)})
    if unknown:
        raise DefinitionError(
            f"An action {kind!r} has no fields {', '.join(map(repr, unknown))}. Next step: leave "
            "them out.",
            parameter=unknown[0],
        )
    try:
        return _reader_of(kind if kind in ACTIONS else None).validate_python(fields)
    except pydantic.ValidationError as problem:
        places = sorted({".".join(map(str, one["loc"])) or "the whole" for one in problem.errors()})
        raise DefinitionError(
            f"An action {kind!r} cannot be read: {', '.join(places)}. Next step: mend the fields.",
            parameter=places[0],
        ) from None


@functools.cache
def _reader_of(kind: str | None) -> pydantic.TypeAdapter[Action]:
    """Make what reads actions of a kind, once: it takes a millisecond. None is for plugins'."""
    import pydantic

    return pydantic.TypeAdapter(PluginAction if kind is None else ACTIONS[kind])


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _written(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return value
