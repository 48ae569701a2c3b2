"""What is known of people: whom the shop may write to, where, and about what."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.profiles.consent import consent_status as consent_status
    from retention_kit.profiles.consent import consents_granted as consents_granted
    from retention_kit.profiles.contactable import contactable_share as contactable_share
    from retention_kit.profiles.contactable import contactable_totals as contactable_totals
    from retention_kit.profiles.contacts import normalised_contacts as normalised_contacts
    from retention_kit.profiles.normalise import normalise_email as normalise_email
    from retention_kit.profiles.normalise import normalise_phone as normalise_phone

_HERE = "retention_kit.profiles"
_MODULES = {
    "consent_status": f"{_HERE}.consent",
    "consents_granted": f"{_HERE}.consent",
    "contactable_share": f"{_HERE}.contactable",
    "contactable_totals": f"{_HERE}.contactable",
    "normalise_email": f"{_HERE}.normalise",
    "normalise_phone": f"{_HERE}.normalise",
    "normalised_contacts": f"{_HERE}.contacts",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
