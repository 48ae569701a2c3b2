"""What can be done to or for one customer, as data. Channels carry it out, journals keep count.

Each action has a key, (campaign, customer, step, occurrence), by which it happens once. Its `id` is
made of the key, names nobody, and is what outside systems are given as the external id.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _as_json
from typing import Any, ClassVar, Literal, NamedTuple

from retention_kit.delivery.checked_fields import check_storable, check_types, is_namespaced
from retention_kit.errors import bad_parameter


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
        check_storable("campaign", self.campaign)
        given = self.customer_id
        if not isinstance(given, int | str) or isinstance(given, bool) or given == "":
            raise bad_parameter(
                "customer_id", got=type(given).__name__, allowed="an integer or a text"
            )
        if isinstance(given, str):
            check_storable("customer_id", given)
        for name in ("step", "occurrence"):
            # 2026 and "2026" would be two actions.
            if not isinstance(getattr(self, name), str):
                got = type(getattr(self, name)).__name__
                raise bad_parameter(name, got=got, allowed="a text; it may be empty")
            check_storable(name, getattr(self, name))
        check_types(self)

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
        if not is_namespaced(self.name):
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
