"""Contacts that cannot belong to anyone: names, e-mail addresses and telephone numbers.

Addresses end in the domains that RFC 2606 reserves. Telephone numbers are those that the North
American Numbering Plan keeps for fiction, 555-0100 to 555-0199 in each area code.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.datasets._columns import NOTHING, Flags, Ints, words
from retention_kit.datasets._settings import Settings

DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "mail.test", "mail.invalid")
_AREAS = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 "
    "239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 "
    "310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 347 351 352 360 361 386 "
    "401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 425 432 434 435 440 443 469 "
    "478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 "
    "559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 "
    "615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 "
    "704 706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 "
    "765 770 772 773 774 775 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 "
    "828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 901 903 904 906 "
    "907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 949 951 952 "
    "954 956 970 971 972 973 978 979 980 985 989"
)
AREA_CODES = tuple(_AREAS.split())
LINES_PER_AREA = 100

FEMALE_NAMES = (
    *("Alisa", "Anna", "Daria", "Ekaterina", "Elena", "Irina", "Ksenia", "Maria", "Natalia"),
    *("Nina", "Olga", "Polina", "Sofia", "Svetlana", "Tatiana", "Vera", "Yulia", "Zoya"),
)
MALE_NAMES = (
    *("Alexei", "Andrei", "Anton", "Artyom", "Boris", "Denis", "Dmitri", "Egor", "Ivan"),
    *("Kirill", "Lev", "Maxim", "Mikhail", "Nikita", "Oleg", "Pavel", "Roman", "Sergei"),
)
FAMILY_NAMES = (
    *("Abramov", "Belov", "Bykov", "Dorofeev", "Efimov", "Filatov", "Gromov", "Gusev", "Isaev"),
    *("Karpov", "Komarov", "Lebedev", "Makarov", "Morozov", "Nazarov", "Orlov", "Petrov"),
    *("Rybakov", "Saveliev", "Sidorov", "Sokolov", "Titov", "Ustinov", "Vlasov", "Volkov"),
    *("Zaitsev", "Zhukov"),
)
WOMEN = 0.56
WITH_EMAIL, WITH_PHONE = 0.92, 0.85


def has_email(settings: Settings) -> Flags:
    """Tell which customers left an e-mail address."""
    return settings.random("emails").random(settings.customers) < WITH_EMAIL


def phone_numbers(settings: Settings) -> Ints:
    """Give customers different places among the reserved numbers, or `NOTHING`.

    A number shared by two customers would make one person of them wherever profiles are matched, so
    when the reserved numbers run out the remaining customers have none.
    """
    random = settings.random("phones")
    count = settings.customers
    reserved = len(AREA_CODES) * LINES_PER_AREA
    place = np.full(count, NOTHING, dtype=np.int64)
    holders = random.permutation(count)[: min(reserved, round(WITH_PHONE * count))]
    place[holders] = random.permutation(reserved)[: holders.size]
    return place


def contact_columns(settings: Settings) -> dict[str, pl.Series | pl.Expr]:
    """Make the columns `first_name`, `last_name`, `gender`, `email` and `phone`."""
    random = settings.random("names")
    count = settings.customers
    woman = random.random(count) < WOMEN
    given = random.integers(0, len(FEMALE_NAMES), count, dtype=np.uint8).astype(np.int16)
    family = random.integers(0, len(FAMILY_NAMES), count, dtype=np.uint8).astype(np.int16)
    domain = random.integers(0, len(DOMAINS), count, dtype=np.uint8).astype(np.int16)
    unsaid = random.random(count) < 0.1
    unnamed = random.random(count) < 0.05
    first = words(given + np.where(woman, 0, len(FEMALE_NAMES)), [*FEMALE_NAMES, *MALE_NAMES])
    last = words(
        family + np.where(woman, len(FAMILY_NAMES), 0),
        [*FAMILY_NAMES, *(f"{name}a" for name in FAMILY_NAMES)],
    )
    host = words(np.where(has_email(settings), domain, NOTHING), DOMAINS)
    number = pl.Series(np.arange(1, count + 1))
    addresses = pl.concat_str(
        first.str.to_lowercase(), pl.lit("."), last.str.to_lowercase(), number, pl.lit("@"), host
    )
    numbers = [
        f"+1{area}555{line:04d}"
        for area in AREA_CODES
        for line in range(LINES_PER_AREA, 2 * LINES_PER_AREA)
    ]
    absent = pl.Series(unnamed)
    return {
        "first_name": first.set(absent, None),
        "last_name": last.set(absent, None),
        "gender": words(np.where(unsaid, NOTHING, woman), ("male", "female")),
        "email": addresses,
        "phone": words(phone_numbers(settings), numbers),
    }
