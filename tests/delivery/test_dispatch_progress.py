"""The bar of the command line: it is told what dispatch tells."""

from __future__ import annotations

import io

from rich.console import Console

from retention_kit.cli.delivery_progress import delivery_bar
from retention_kit.delivery import Journal, SendMessage, dispatch
from retention_kit.testing.channels import MemoryChannel


def shown(*, terminal):
    letters = [
        SendMessage(campaign="hello", customer_id=one, email="a@b.example", text="Hi")
        for one in range(150)
    ]
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120)
    with Journal("sqlite://") as journal, delivery_bar(console, "memory") as on_progress:
        dispatch(letters, MemoryChannel(), journal, on_progress=on_progress)
    return text.getvalue()


def test_a_terminal_shows_how_far_it_is():
    text = shown(terminal=True)
    assert "150/150" in text
    assert "150 accepted" in text


def test_what_is_no_terminal_is_left_alone():
    assert shown(terminal=False).strip() == ""
