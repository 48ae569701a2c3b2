import sys
import threading
import types
import warnings

import pydantic
import pytest

import retention_kit.plugins as plugins_room
from retention_kit.errors import DefinitionError, PluginError
from retention_kit.plugins import (
    ConditionSpec,
    PluginWarning,
    Registry,
    SourceSpec,
    hookimpl,
    registry,
    temporarily,
)

GOOD = """
import pydantic
from retention_kit.plugins import SourceSpec, hookimpl

class Settings(pydantic.BaseModel):
    pass

@hookimpl
def retention_kit_sources():
    yield SourceSpec(name="{name}", summary="invented", api_version=1, settings=Settings,
                     factory=lambda settings, context: None)
"""
SPEC = """
import pydantic
from retention_kit.plugins import SourceSpec, hookimpl

class Settings(pydantic.BaseModel):
    {field}

@hookimpl
def retention_kit_sources():
    return [SourceSpec({more})]
"""
USUAL = {
    "name": "'bad'",
    "summary": "'invented'",
    "api_version": "1",
    "settings": "Settings",
    "factory": "print",
}


def spec(field="pass", **changed):
    given = USUAL | changed
    return SPEC.format(field=field, more=", ".join(f"{one}={given[one]}" for one in given))


BROKEN = {
    "raises while it is loaded": ("1 / 0", "", "ZeroDivisionError", "while it was loaded"),
    "leaves the program": ("import sys; sys.exit(3)", "", "SystemExit", "while it was loaded"),
    "panics while it is loaded": (
        "class Panic(BaseException): pass\nraise Panic('hush')",
        "",
        "Panic",
        "while it was loaded",
    ),
    "panics in its hook": (
        "from retention_kit.plugins import hookimpl\nclass Panic(BaseException): pass\n@hookimpl\n"
        "def retention_kit_sources(): raise Panic('hush')",
        "retention_kit_sources",
        "Panic",
        "raised a Panic",
    ),
    "says no whole number for its version": (
        spec(api_version="True"),
        "retention_kit_sources",
        "",
        "version True of the interface",
    ),
    "lacks a library": ("import no_such", "", "ModuleNotFoundError", "module 'no_such'"),
    "raises in its hook": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources(): raise KeyError('hush')",
        "retention_kit_sources",
        "KeyError",
        "raised a KeyError",
    ),
    "raises half way": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources():\n    yield 1\n    raise KeyError('hush')",
        "retention_kit_sources",
        "KeyError",
        "raised a KeyError",
    ),
    "never ends": (
        "import itertools\nfrom retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources(): return itertools.count()",
        "retention_kit_sources",
        "",
        "more than 1,000",
    ),
    "gives no list": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources(): return 7",
        "retention_kit_sources",
        "",
        "gives a int. Allowed: a list",
    ),
    "gives something else": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources(): return ['hush']",
        "retention_kit_sources",
        "",
        "gave a str. Allowed: SourceSpec",
    ),
    "misspells a hook": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_source(): return []",
        "retention_kit_source",
        "",
        "Nearest: retention_kit_sources",
    ),
    "forgets the mark": (
        "def retention_kit_sources(): return []",
        "retention_kit_sources",
        "",
        "not marked",
    ),
    "misspells and forgets the mark": (
        "def retention_kit_sauces(): return []",
        "retention_kit_sauces",
        "",
        "Nearest: retention_kit_sources",
    ),
    "takes arguments": (
        "from retention_kit.plugins import hookimpl\n@hookimpl\n"
        "def retention_kit_sources(config): return []",
        "",
        "PluginValidationError",
        "retention_kit_sources takes arguments",
    ),
    "wraps a hook": (
        "from retention_kit.plugins import hookimpl\n@hookimpl(wrapper=True)\n"
        "def retention_kit_sources(): return (yield)",
        "retention_kit_sources",
        "",
        "wraps the hook",
    ),
    "answers nothing": ("x = 1", "", "", "answers none of the hooks"),
    "cannot be looked at": (
        "class Odd:\n    @property\n    def x(self): raise OSError('hush')\n"
        "    def __dir__(self): raise OSError('hush')\nimport sys\n"
        "sys.modules[__name__] = Odd()",
        "",
        "OSError",
        "while it was looked at",
    ),
    "is of another version": (
        spec(api_version="2"),
        "retention_kit_sources",
        "",
        "version 2 of the interface, and this library speaks version 1",
    ),
    "has a bad name": (spec(name="'Bad-Name'"), "retention_kit_sources", "", "'Bad-Name'"),
    "has no summary": (spec(summary="' '"), "retention_kit_sources", "", "no summary"),
    "has no settings": (spec(settings="dict"), "retention_kit_sources", "", "pydantic.BaseModel"),
    "has no factory": (spec(factory="3"), "retention_kit_sources", "", "cannot be called"),
    "shows a secret": (
        spec(field="api_token: str = ''"),
        "retention_kit_sources",
        "",
        "'api_token' that is plain text",
    ),
    "shows a secret inside": (
        spec(field="inner: list[pydantic.create_model('Inner', password=(str, ''))] = []"),
        "retention_kit_sources",
        "",
        "'inner.password' that is plain text",
    ),
    "takes a name of ours": (
        spec(field="instance: str = ''"),
        "retention_kit_sources",
        "",
        "'instance', which open_source",
    ),
    "has an alias": (
        spec(field="base: str = pydantic.Field('', alias='b')"),
        "retention_kit_sources",
        "",
        "alias",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_told_of_and_hurts_no_other(case, install):
    code, hook, error, said = BROKEN[case]
    install("acme-broken", code, name="broken", group="trial")
    install("zeta-good", GOOD.format(name="good"), name="good", group="trial")
    with pytest.warns(PluginWarning) as warned:
        known = Registry.load("trial")
    assert list(known.sources) == ["good"]
    (failure,) = known.failures
    assert (failure.distribution, failure.entry_point) == ("acme-broken 1.2", "broken")
    assert (failure.hook, failure.error) == (hook, error)
    assert said in failure.sentence
    assert len(warned) == 1
    assert said in str(warned[0].message)
    assert "hush" not in str(failure) + repr(failure) + str(warned[0].message)


def test_a_settings_field_that_only_sounds_secret_can_say_so(install):
    field = "page_token: str = pydantic.Field('', json_schema_extra={'secret': False})"
    install("acme-fine", spec(field=field), group="trial")
    assert Registry.load("trial", strict=True).failures == ()


def test_a_distribution_with_damaged_metadata_hurts_no_other(install, tmp_path):
    install("acme-damaged", "x = 1", name="damaged", group="trial")
    install("zeta-good", GOOD.format(name="good"), name="good", group="trial")
    (points,) = tmp_path.rglob("acme_damaged*/entry_points.txt")
    points.write_bytes(b"[trial]\n\xff\xfe = hush\n")
    with pytest.warns(PluginWarning, match="UnicodeDecodeError"):
        known = Registry.load("trial")
    assert list(known.sources) == ["good"]
    (failure,) = known.failures
    assert (failure.distribution, failure.error) == ("acme-damaged", "UnicodeDecodeError")
    assert "hush" not in str(failure)


def test_strictly_a_failure_is_an_error_with_its_cause(install):
    install("acme-broken", "1 / 0", group="trial")
    with pytest.raises(PluginError, match="acme-broken 1.2") as caught:
        Registry.load("trial", strict=True)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_is_right_of_a_plugin_is_used_though_a_part_fails(install):
    bad = "\n@hookimpl\ndef retention_kit_channels(): raise ValueError\n"
    install("acme-half", GOOD.format(name="good") + bad, group="trial")
    with pytest.warns(PluginWarning):
        known = Registry.load("trial")
    assert "good" in known.sources
    assert [failure.hook for failure in known.failures] == ["retention_kit_channels"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_who_ends_the_program_while_a_plugin_is_loaded_ends_it(install, error):
    install("acme-slow", f"raise {error.__name__}", group="trial")
    with pytest.raises(error):
        Registry.load("trial")


def test_a_name_is_read_when_it_is_checked_and_never_again():
    asked = []

    class Lying(SourceSpec):
        @property
        def name(self):
            asked.append(1)
            return "lying"

        @name.setter
        def name(self, given):
            assert given == "lying"

    class Plugin:
        @hookimpl
        def retention_kit_sources(self):
            return [
                Lying(
                    name="lying",
                    summary="x",
                    api_version=1,
                    settings=pydantic.BaseModel,
                    factory=print,
                )
            ]

    known = Registry.of(Plugin(), strict=True)
    count = len(asked)
    assert count > 0
    assert list(known.including(Plugin()).sources.contested) == ["lying"]
    assert list(known.including().sources) == ["lying"]
    assert len(asked) == 2 * count


def test_observers_of_two_distributions_whose_entry_points_have_one_name_are_both_there(install):
    code = """
    import types
    from retention_kit.plugins import hookimpl

    @hookimpl
    def retention_kit_observers():
        return [types.SimpleNamespace(delivered=print)] * 2
    """
    for number in (1, 2):
        install(f"acme-n{number}", code, name="plug", group="trial")
    known = Registry.load("trial", strict=True)
    expected = ["acme-n1:plug", "acme-n1:plug.2", "acme-n2:plug", "acme-n2:plug.2"]
    assert list(known.observers) == expected
    assert [found.spec.delivered for found in known.observers.values()] == [print] * 4
    twice = Registry.of(Mine(), Mine())
    assert list(twice.observers) == ["Mine", "Mine.2", "Mine.3", "Mine.4"]


def test_a_name_claimed_twice_fails_only_where_it_is_used(install):
    install("acme-one", GOOD.format(name="both"), name="one", group="trial")
    install("acme-two", GOOD.format(name="both"), name="two", group="trial")
    install("acme-three", GOOD.format(name="alone"), name="three", group="trial")
    known = Registry.load("trial", strict=True)
    assert list(known.sources) == ["alone"]
    assert "both" not in known.sources
    assert set(known.sources.contested) == {"both"}
    for use in (known.sources.find, known.sources.__getitem__):
        with pytest.raises(PluginError, match=r"acme-one 1\.2.*acme-two 1\.2"):
            use("both")


def test_an_unknown_name_is_answered_with_the_nearest(install):
    install("acme-one", GOOD.format(name="bitrix24"), group="trial")
    known = Registry.load("trial")
    with pytest.raises(DefinitionError, match="nearest: 'bitrix24'"):
        known.sources.find("bitrix")
    with pytest.raises(KeyError):
        known.sources["bitrix"]
    assert known.sources.get("bitrix") is None


def test_distributions_are_blocked_by_argument_and_by_variable(install, monkeypatch):
    for number in (1, 2, 3):
        install(f"acme-n{number}", GOOD.format(name=f"n{number}"), name=f"n{number}", group="trial")
    monkeypatch.setenv("RETENTION_KIT_PLUGINS_DISABLED", " Acme_N2 ,unheard-of")
    known = Registry.load("trial", block=["acme.n3"], strict=True)
    assert list(known.sources) == ["n1"]
    assert known.blocked == ("acme-n2", "acme-n3")
    assert "module_of_acme_n2" not in sys.modules


def test_the_default_registry_is_built_when_it_is_first_asked_for(install, fresh_default):
    module = install("acme-late", GOOD.format(name="late"))
    assert module not in sys.modules
    assert registry().sources["late"].distribution == "acme-late"
    assert registry().sources["late"].version == "1.2"
    assert registry() is registry()


def test_many_threads_build_the_default_registry_once(install, fresh_default):
    counting = "import retention_kit.errors as here\nhere.loads = getattr(here, 'loads', 0) + 1\n"
    install("acme-counted", counting + GOOD.format(name="counted"))
    import retention_kit.errors as here

    together = threading.Barrier(8)
    got = []

    def ask():
        together.wait()
        got.append(registry())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert here.loads == 1
    del here.loads
    assert len({id(one) for one in got}) == 1


def test_the_default_registry_warns_once(install, fresh_default):
    install("acme-broken", "1 / 0", name="broken_acme")
    with pytest.warns(PluginWarning, match="broken_acme"):
        registry()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry()


def test_a_plugin_that_asks_for_the_registry_while_it_is_loaded_is_told_so(install, fresh_default):
    install("acme-early", "from retention_kit.plugins import registry\nregistry()", name="early")
    with pytest.warns(PluginWarning, match="early"):
        known = registry()
    assert "PluginError" in [one.error for one in known.failures if one.entry_point == "early"]


class Mine:
    """A plugin that is an object."""

    @hookimpl
    def retention_kit_conditions(self):
        return [condition()]

    @hookimpl
    def retention_kit_observers(self):
        return [types.SimpleNamespace(delivered=print), types.SimpleNamespace(delivered=print)]


def condition():
    import pydantic

    return ConditionSpec(
        name="acme.near",
        summary="lives near",
        distribution="acme",
        settings=pydantic.BaseModel,
        frame=print,
        person=print,
        sentence=print,
    )


def test_a_plugin_is_there_for_a_while_and_then_gone(fresh_default):
    before = registry()
    with temporarily(Mine()) as known:
        assert known is registry()
        assert "acme.near" in registry().conditions
        assert list(known.observers)[-2:] == ["Mine", "Mine.2"]
    assert "acme.near" not in registry().conditions
    assert list(registry().sources) == list(before.sources)


def test_temporary_plugins_overlap_and_each_takes_away_its_own(fresh_default):
    first, second = temporarily(Mine()), temporarily(Mine())
    first.__enter__()
    second.__enter__()
    assert "acme.near" in registry().conditions.contested
    first.__exit__(None, None, None)
    assert "acme.near" in registry().conditions
    second.__exit__(None, None, None)
    assert "acme.near" not in registry().conditions


def test_a_temporary_plugin_that_fails_is_an_error():
    with pytest.raises(PluginError, match="answers none"), temporarily(object()):
        pass


def test_a_registry_of_what_is_handed_in_knows_nothing_else():
    known = Registry.of(Mine())
    assert list(known.conditions) == ["acme.near"]
    assert list(known.including(Mine()).conditions) == []
    assert (list(known.sources), known.failures, known.blocked) == ([], (), ())
    assert "Registry(sources=[]" in repr(known)
    found = known.conditions["acme.near"]
    assert (found.plugin, found.distribution) == ("Mine", None)


def test_a_condition_of_another_version_is_a_failure():
    class Old:
        @hookimpl
        def retention_kit_conditions(self):
            import dataclasses

            return [dataclasses.replace(condition(), api_version=7)]

    with pytest.warns(PluginWarning, match="version 7 .* speaks version 1"):
        assert list(Registry.of(Old()).conditions) == []


def test_a_hook_may_be_answered_under_another_name():
    class Named:
        @hookimpl(specname="retention_kit_conditions")
        def mine(self):
            return [condition()]

    assert list(Registry.of(Named(), strict=True).conditions) == ["acme.near"]


def test_every_hook_has_a_type_and_every_kind_is_served():
    from retention_kit.plugins import hook_types, hookspecs, spec_checks

    specs = {name for name in vars(hookspecs) if name.startswith("retention_kit_")}
    assert specs == set(spec_checks.HOOKS)
    for name in specs:
        words = name.removeprefix("retention_kit_").split("_")
        kind = "".join(word.capitalize() for word in words) + "Hook"
        assert hasattr(hook_types, kind)
        assert kind in plugins_room.__all__
