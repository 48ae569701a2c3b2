"""The segments that come with the library, as plain data."""

from __future__ import annotations

from typing import Any

THREE_LEVELS: tuple[dict[str, Any], ...] = (
    {"segment": "best", "recency": 1, "frequency": 1, "monetary": 1},
    {"segment": "loyal", "recency": 1, "frequency": 1, "monetary": (2, 3)},
    {"segment": "big spenders", "recency": 1, "frequency": (2, 3), "monetary": 1},
    {"segment": "potential loyal", "recency": 1, "frequency": 2, "monetary": (2, 3)},
    {"segment": "new", "recency": 1, "frequency": 3, "monetary": (2, 3)},
    {"segment": "need attention", "recency": 2, "frequency": 1},
    {"segment": "need attention", "recency": 2, "frequency": (2, 3), "monetary": 1},
    {"segment": "about to sleep", "recency": 2, "frequency": (2, 3), "monetary": (2, 3)},
    {"segment": "cannot lose", "recency": 3, "monetary": 1},
    {"segment": "at risk", "recency": 3, "frequency": 1, "monetary": (2, 3)},
    {"segment": "lost", "recency": 3, "frequency": (2, 3), "monetary": (2, 3)},
)
THREE_LEVELS_PLAYS = {
    "best": "Exclusive offers, a personal consultation, novelties before their release.",
    "loyal": "Thank them; offer dearer goods and what goes with what they bought.",
    "big spenders": "A personal contact; a reason for the next purchase soon after the last.",
    "potential loyal": "Invite them to the loyalty programme; recommend by what they bought.",
    "new": "Welcome them, help with the first purchase, offer the second while it is fresh.",
    "need attention": "A personal offer with a date before they drift away.",
    "about to sleep": "Remind them of the shop with novelties; a small discount at most.",
    "cannot lose": "Call them; ask what went wrong; win them back with the best offer there is.",
    "at risk": "Ask why they stopped; an offer on what they used to buy.",
    "lost": "One cheap attempt to win them back; then leave them out of paid channels.",
}

FIVE_LEVELS: tuple[dict[str, Any], ...] = (
    {"segment": "champions", "recency": 5, "frequency": (4, 5)},
    {"segment": "loyal", "recency": (3, 4), "frequency": (4, 5)},
    {"segment": "potential loyal", "recency": (4, 5), "frequency": (2, 3)},
    {"segment": "new", "recency": 5, "frequency": 1},
    {"segment": "promising", "recency": 4, "frequency": 1},
    {"segment": "need attention", "recency": 3, "frequency": 3},
    {"segment": "about to sleep", "recency": 3, "frequency": (1, 2)},
    {"segment": "at risk", "recency": (1, 2), "frequency": (3, 4)},
    {"segment": "cannot lose", "recency": (1, 2), "frequency": 5},
    {"segment": "hibernating", "recency": 2, "frequency": (1, 2)},
    {"segment": "lost", "recency": 1, "frequency": (1, 2)},
)
FIVE_LEVELS_PLAYS = {
    "champions": "Reward them; novelties before their release; ask for reviews and friends.",
    "loyal": "Offer dearer goods and what goes with what they bought; ask for reviews.",
    "potential loyal": "Invite them to the loyalty programme; recommend by what they bought.",
    "new": "Welcome them, help with the first purchase, offer the second while it is fresh.",
    "promising": "Make the shop known to them; a small offer for the second purchase.",
    "need attention": "A personal offer with a date, on what they used to buy.",
    "about to sleep": "Remind them of the shop with what is popular; a small discount at most.",
    "at risk": "Ask why they stopped; a personal offer to come back.",
    "cannot lose": "Call them; ask what went wrong; win them back with the best offer there is.",
    "hibernating": "Offer other kinds of goods; write seldom.",
    "lost": "One cheap attempt to win them back; then leave them out of paid channels.",
}
