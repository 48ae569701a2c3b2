"""The words of English: columns, events, units of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

UNITS: Mapping[str, tuple[str, str]] = {
    "y": ("year", "years"),
    "q": ("quarter", "quarters"),
    "mo": ("month", "months"),
    "w": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "m": ("minute", "minutes"),
    "s": ("second", "seconds"),
}
PERIODS: Mapping[str, str] = {
    "1d": "day",
    "1w": "week",
    "1mo": "month",
    "1q": "quarter",
    "1y": "year",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip


class Noun(NamedTuple):
    """What a column is called.

    Attributes:
        one: Its name.
        many: What different values of it are called.
        is_quoted: Whether it is the column's own name, in quotes.
    """

    one: str
    many: str
    is_quoted: bool = False


class Deed(NamedTuple):
    """What customers did.

    Attributes:
        done: That they did it, once or so many times.
        not_done: That they did it not once.
        some: That they did it at least once, where that is said otherwise.
    """

    done: str
    not_done: str
    some: str = ""


ORDERS: Mapping[str, Noun] = {
    "order_id": Noun("order id", "orders"),
    "original_order_id": Noun("id of the returned order", "returned orders"),
    "customer_id": Noun("customer id", "customers"),
    "ordered_at": Noun("order date", "order dates"),
    "amount": Noun("amount", "amounts"),
    "kind": Noun("kind", "kinds"),
    "status": Noun("status", "statuses"),
    "channel": Noun("channel", "channels"),
    "manager": Noun("manager", "managers"),
    "promo_code": Noun("promo code", "promo codes"),
    "referrer_id": Noun("referrer id", "referrers"),
    "delivered_at": Noun("delivery date", "delivery dates"),
    "discount": Noun("discount", "discounts"),
    "points_paid": Noun("part paid in points", "parts paid in points"),
    "delivery": Noun("delivery charge", "delivery charges"),
    "margin": Noun("margin", "margins"),
    "currency": Noun("currency", "currencies"),
}
COLUMNS: Mapping[str, Mapping[str, Noun]] = {
    "orders": ORDERS,
    "order_items": {
        "order_id": ORDERS["order_id"],
        "customer_id": ORDERS["customer_id"],
        "ordered_at": ORDERS["ordered_at"],
        "kind": ORDERS["kind"],
        "amount": ORDERS["amount"],
        "product_id": Noun("product id", "products"),
        "quantity": Noun("quantity", "quantities"),
        "line_id": Noun("line id", "line ids"),
        "original_line_id": Noun("id of the returned line", "returned lines"),
        "category": Noun("category", "categories"),
        "name": Noun("product name", "product names"),
    },
    "events": {
        "customer_id": ORDERS["customer_id"],
        "name": Noun("event name", "event names"),
        "occurred_at": Noun("event date", "event dates"),
        "recorded_at": Noun("recording date", "recording dates"),
        "order_id": ORDERS["order_id"],
        "product_id": Noun("product id", "products"),
        "value": Noun("value", "values"),
        "campaign": Noun("campaign", "campaigns"),
        "message_id": Noun("message id", "messages"),
        "properties": Noun("text of properties", "texts of properties"),
    },
    "customers": {
        "customer_id": ORDERS["customer_id"],
        "email": Noun("e-mail address", "e-mail addresses"),
        "phone": Noun("phone number", "phone numbers"),
        "first_name": Noun("first name", "first names"),
        "last_name": Noun("last name", "last names"),
        "birthday": Noun("date of birth", "dates of birth"),
        "registered_at": Noun("registration date", "registration dates"),
        "acquisition_channel": Noun("acquisition channel", "acquisition channels"),
        "time_zone": Noun("time zone", "time zones"),
        "city": Noun("city", "cities"),
        "gender": Noun("gender", "genders"),
    },
    "scores": {
        "recency_score": Noun("recency score", "recency scores"),
        "frequency_score": Noun("frequency score", "frequency scores"),
        "monetary_score": Noun("monetary score", "monetary scores"),
        "segment": Noun("RFM segment", "RFM segments"),
        "cluster": Noun("cluster", "clusters"),
        "probability_alive": Noun("probability of still being a customer", "probabilities"),
        "expected_purchases": Noun("expected number of purchases", "expected numbers"),
        "predicted_value": Noun("predicted value", "predicted values"),
    },
}
"""By table, and for scores by themselves; other columns are quoted as they are."""

EVENTS: Mapping[str, tuple[str, str]] = {
    "Products Searched": ("searched for products", "search for products"),
    "Product List Viewed": ("viewed a list of products", "view a list of products"),
    "Product List Filtered": ("filtered a list of products", "filter a list of products"),
    "Promotion Viewed": ("saw a promotion", "see a promotion"),
    "Promotion Clicked": ("clicked a promotion", "click a promotion"),
    "Product Clicked": ("clicked a product", "click a product"),
    "Product Viewed": ("viewed a product", "view a product"),
    "Product Added": ("put a product into the cart", "put a product into the cart"),
    "Product Removed": ("took a product out of the cart", "take a product out of the cart"),
    "Cart Viewed": ("looked into the cart", "look into the cart"),
    "Checkout Started": ("started the checkout", "start the checkout"),
    "Checkout Step Viewed": ("saw a step of the checkout", "see a step of the checkout"),
    "Checkout Step Completed": (
        "completed a step of the checkout",
        "complete a step of the checkout",
    ),
    "Payment Info Entered": ("entered payment details", "enter payment details"),
    "Order Completed": ("completed an order", "complete an order"),
    "Order Updated": ("changed an order", "change an order"),
    "Order Refunded": ("got a refund for an order", "get a refund for an order"),
    "Order Cancelled": ("cancelled an order", "cancel an order"),
    "Coupon Entered": ("entered a coupon", "enter a coupon"),
    "Coupon Applied": ("used a coupon", "use a coupon"),
    "Coupon Denied": ("were refused a coupon", "get a coupon refused"),
    "Coupon Removed": ("removed a coupon", "remove a coupon"),
    "Product Added to Wishlist": (
        "put a product on the wish list",
        "put a product on the wish list",
    ),
    "Product Removed from Wishlist": (
        "took a product off the wish list",
        "take a product off the wish list",
    ),
    "Wishlist Product Added to Cart": (
        "moved a product from the wish list to the cart",
        "move a product from the wish list to the cart",
    ),
    "Product Shared": ("shared a product", "share a product"),
    "Cart Shared": ("shared a cart", "share a cart"),
    "Product Reviewed": ("reviewed a product", "review a product"),
    "Email Delivered": ("received an e-mail", "receive an e-mail"),
    "Email Opened": ("opened an e-mail", "open an e-mail"),
    "Email Link Clicked": ("clicked a link in an e-mail", "click a link in an e-mail"),
    "Email Bounced": ("had an e-mail bounce", "have an e-mail bounce"),
    "Email Marked as Spam": ("marked an e-mail as spam", "mark an e-mail as spam"),
    "Unsubscribed": ("unsubscribed", "unsubscribe"),
    "Push Notification Received": ("received a push notification", "receive a push notification"),
    "Push Notification Opened": ("opened a push notification", "open a push notification"),
    "Push Notification Tapped": ("tapped a push notification", "tap a push notification"),
    "SMS Delivered": ("received a text message", "receive a text message"),
    "SMS Opened": ("opened a text message", "open a text message"),
    "SMS Link Clicked": ("clicked a link in a text message", "click a link in a text message"),
}
"""What customers did, and after "did not", for the names of Segment's events."""
CHANNELS: Mapping[str, str] = {
    "email": "by e-mail",
    "sms": "by SMS",
    "push": "by push notification",
    "phone": "by phone",
}


def noun_of(column: str, table: str) -> Noun:
    """Give what a column of a table is called."""
    known = COLUMNS[table].get(column)
    return known or Noun(f"“{column}”", f"values of “{column}”", is_quoted=True)
