import pydantic
import pytest

from retention_kit.delivery.channels import Capabilities, ChannelSpec, LooksUp, Receives
from retention_kit.delivery.limits import Limiter
from retention_kit.errors import DefinitionError, PluginError, RejectedError
from retention_kit.plugins import (
    Registry,
    SourceSpec,
    SourceTable,
    hookimpl,
    open_channel,
    open_source,
)


class Settings(pydantic.BaseModel):
    token: pydantic.SecretStr = pydantic.SecretStr("hush")
    how: str = "well"


class Adapter:
    """A channel, a source, or neither, as its settings say."""

    def __init__(self, settings, context, capabilities):
        self.tables = {}
        self.name = "another" if settings.how == "misnamed" else context.instance
        self.clock = context.clock
        self.how = settings.how
        self.capabilities = capabilities
        self.limiter = context.limiter_for("acme", [])
        self.closed = False

    def _act(self):
        if self.how == "badly":
            raise KeyError("ann@example.com")
        if self.how == "refused":
            raise RejectedError("no")
        return "done"

    def prepare(self, action):
        return self._act()

    def submit(self, batch, *, idempotency_key):
        return self._act()

    def poll(self, receipt):
        return self._act()

    def scan(self, table, *, since=None):
        return self._act()

    def close(self):
        self.closed = True
        self._act()


class Both(Adapter):
    def lookup(self, rows):
        return self._act()

    def receive(self, headers, body):
        return self._act()


def plugin(kind=Adapter, **can):
    capabilities = Capabilities(actions=frozenset({"send_message"}), **can)

    def make(settings, context):
        if settings.how == "factory":
            raise OSError("ann@example.com")
        if settings.how == "nothing":
            return None
        return kind(settings, context, capabilities)

    class Plugin:
        @hookimpl
        def retention_kit_sources(self):
            return [
                SourceSpec(name="acme", summary="x", api_version=1, settings=Settings, factory=make)
            ]

        @hookimpl
        def retention_kit_channels(self):
            return [
                ChannelSpec(
                    name="acme",
                    summary="x",
                    api_version=1,
                    settings=Settings,
                    capabilities=capabilities,
                    factory=make,
                )
            ]

    return Registry.of(Plugin(), strict=True)


@pytest.mark.parametrize("opening", [open_source, open_channel])
def test_an_instance_is_named_and_given_the_clock(opening, clock):
    known = plugin()
    assert opening("acme", registry=known).name == "acme"
    made = opening("acme", instance="msk", registry=known, clock=clock)
    assert made.name == "acme.msk"
    assert made._made.clock is clock
    assert repr(made).endswith("'acme.msk' of the plugin 'Plugin', which was handed in>")


@pytest.mark.parametrize("opening", [open_source, open_channel])
def test_it_is_a_context_manager_that_closes(opening):
    with opening("acme", registry=plugin()) as made:
        assert not made._made.closed
    assert made._made.closed


@pytest.mark.parametrize("opening", [open_source, open_channel])
def test_what_closing_raises_hides_no_other_error(opening, caplog):
    with pytest.raises(ZeroDivisionError), opening("acme", registry=plugin(), how="badly"):
        1 / 0  # noqa: B018
    assert "raised a KeyError where it was closed" in caplog.text
    assert "ann@" not in caplog.text
    with pytest.raises(PluginError, match="'close'"):
        opening("acme", registry=plugin(), how="badly").close()


@pytest.mark.parametrize("opening", [open_source, open_channel])
@pytest.mark.parametrize("instance", [None, "msk"])
def test_an_adapter_that_is_not_named_after_its_instance_is_refused(opening, instance):
    with pytest.raises(PluginError, match=r"another name. Allowed: 'acme(\.msk)?', which"):
        opening("acme", instance=instance, registry=plugin(), how="misnamed")


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (["orders"], "has tables that are a list"),
        ({"orders": "orders"}, "a table that is a str"),
        ({"orders": SourceTable(name="sales")}, "under 'orders' that is named 'sales'"),
    ],
)
def test_tables_that_are_not_what_a_source_says_are_the_plugin_s_mistake(tables, said):
    made = open_source("acme", registry=plugin())
    made._made.tables = tables
    with pytest.raises(PluginError, match=f"'acme' of the plugin 'Plugin'.*{said}"):
        made.tables  # noqa: B018


@pytest.mark.parametrize(
    ("method", "given", "named"),
    [
        ("prepare", (1,), {}),
        ("submit", (1,), {"idempotency_key": "k"}),
        ("poll", (1,), {}),
        ("lookup", ([],), {}),
        ("receive", ({}, b""), {}),
    ],
)
def test_what_a_channel_raises_names_the_plugin_and_keeps_its_words_to_the_cause(
    method, given, named
):
    known = plugin(Both, lookup=True, receive=True)
    good = open_channel("acme", registry=known)
    assert getattr(good, method)(*given, **named) == "done"
    bad = open_channel("acme", registry=known, how="badly")
    with pytest.raises(PluginError, match=f"'acme' of the plugin 'Plugin'.*{method!r}") as caught:
        getattr(bad, method)(*given, **named)
    assert "ann@" not in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)
    refused = open_channel("acme", registry=known, how="refused")
    with pytest.raises(RejectedError):
        getattr(refused, method)(*given, **named)


def test_what_a_source_raises_names_the_plugin():
    with pytest.raises(PluginError, match="source 'acme' of the plugin 'Plugin'.*'scan'"):
        open_source("acme", registry=plugin(), how="badly").scan("orders")


@pytest.mark.parametrize("can", [(), ("lookup",), ("receive",), ("lookup", "receive")])
def test_a_channel_has_the_methods_that_its_capabilities_say(can):
    made = open_channel("acme", registry=plugin(Both, **dict.fromkeys(can, True)))
    assert isinstance(made, LooksUp) == ("lookup" in can)
    assert isinstance(made, Receives) == ("receive" in can)
    assert isinstance(made.limiter, Limiter)
    assert made.capabilities.lookup == ("lookup" in can)


def test_what_else_an_adapter_has_passes_the_fence():
    class More(Both):
        portal = "acme"

        def audience(self, name):
            if name == "none":
                raise KeyError("ann@example.com")
            return name

    made = open_channel("acme", registry=plugin(More))
    assert (made.audience("vip"), made.portal) == ("vip", "acme")
    assert not hasattr(made, "lookup")
    assert getattr(made, "no_such", None) is None
    with pytest.raises(PluginError, match="'audience'"):
        made.audience("none")


@pytest.mark.parametrize("method", ["lookup", "receive"])
def test_a_channel_without_a_method_that_its_capabilities_say_is_told(method):
    with pytest.raises(PluginError, match=f"says in its capabilities that it can {method!r}"):
        open_channel("acme", registry=plugin(Adapter, **{method: True}))


@pytest.mark.parametrize("opening", [open_source, open_channel])
def test_a_factory_that_raises_or_gives_something_else_is_told(opening):
    with pytest.raises(PluginError, match=r"raised a OSError in 'factory'") as caught:
        opening("acme", registry=plugin(), how="factory")
    assert "ann@" not in str(caught.value)
    with pytest.raises(PluginError, match="gave a NoneType"):
        opening("acme", registry=plugin(), how="nothing")


@pytest.mark.parametrize("opening", [open_source, open_channel])
def test_an_unknown_name_or_setting_is_told(opening):
    with pytest.raises(DefinitionError, match="nearest: 'acme'"):
        opening("acne", registry=plugin())
    with pytest.raises(DefinitionError, match="no setting 'hows'"):
        opening("acme", registry=plugin(), hows="x")
