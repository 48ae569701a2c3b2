"""What others publish: sources, channels, conditions, earning rules, sections and observers."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.delivery.channels import AdapterContext as AdapterContext
    from retention_kit.delivery.channels import ChannelSpec as ChannelSpec
    from retention_kit.delivery.channels import Observer as Observer
    from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec as EarningRuleSpec
    from retention_kit.plugins.claims import Claims as Claims
    from retention_kit.plugins.configured import settings_for as settings_for
    from retention_kit.plugins.described import SettingField as SettingField
    from retention_kit.plugins.described import describe_settings as describe_settings
    from retention_kit.plugins.failures import Failure as Failure
    from retention_kit.plugins.failures import PluginWarning as PluginWarning
    from retention_kit.plugins.gathering import Found as Found
    from retention_kit.plugins.hook_types import ChannelsHook as ChannelsHook
    from retention_kit.plugins.hook_types import ConditionsHook as ConditionsHook
    from retention_kit.plugins.hook_types import EarningRulesHook as EarningRulesHook
    from retention_kit.plugins.hook_types import ObserversHook as ObserversHook
    from retention_kit.plugins.hook_types import ReportSectionsHook as ReportSectionsHook
    from retention_kit.plugins.hook_types import SourcesHook as SourcesHook
    from retention_kit.plugins.io_source import lazy_source as lazy_source
    from retention_kit.plugins.landing import LandedTable as LandedTable
    from retention_kit.plugins.landing import Landing as Landing
    from retention_kit.plugins.landing import land_source as land_source
    from retention_kit.plugins.markers import hookimpl as hookimpl
    from retention_kit.plugins.new_plugin import write_plugin as write_plugin
    from retention_kit.plugins.opening import open_channel as open_channel
    from retention_kit.plugins.opening import open_source as open_source
    from retention_kit.plugins.reading import read_source as read_source
    from retention_kit.plugins.registries import Registry as Registry
    from retention_kit.plugins.registries import registry as registry
    from retention_kit.plugins.registries import temporarily as temporarily
    from retention_kit.plugins.types import Cursor as Cursor
    from retention_kit.plugins.types import OpenChannel as OpenChannel
    from retention_kit.plugins.types import OpenSource as OpenSource
    from retention_kit.plugins.types import SectionSpec as SectionSpec
    from retention_kit.plugins.types import Source as Source
    from retention_kit.plugins.types import SourceSpec as SourceSpec
    from retention_kit.plugins.types import SourceTable as SourceTable
    from retention_kit.smart_segments.definitions.plugins import ConditionSpec as ConditionSpec

_HERE = "retention_kit.plugins"
_MODULES = {
    "AdapterContext": "retention_kit.delivery.channels",
    "ChannelSpec": "retention_kit.delivery.channels",
    "ChannelsHook": f"{_HERE}.hook_types",
    "Claims": f"{_HERE}.claims",
    "ConditionSpec": "retention_kit.smart_segments.definitions.plugins",
    "ConditionsHook": f"{_HERE}.hook_types",
    "Cursor": f"{_HERE}.types",
    "EarningRuleSpec": "retention_kit.loyalty_rules.definitions.plugins",
    "EarningRulesHook": f"{_HERE}.hook_types",
    "Failure": f"{_HERE}.failures",
    "Found": f"{_HERE}.gathering",
    "LandedTable": f"{_HERE}.landing",
    "Landing": f"{_HERE}.landing",
    "Observer": "retention_kit.delivery.channels",
    "ObserversHook": f"{_HERE}.hook_types",
    "OpenChannel": f"{_HERE}.types",
    "OpenSource": f"{_HERE}.types",
    "PluginWarning": f"{_HERE}.failures",
    "Registry": f"{_HERE}.registries",
    "ReportSectionsHook": f"{_HERE}.hook_types",
    "SectionSpec": f"{_HERE}.types",
    "SettingField": f"{_HERE}.described",
    "Source": f"{_HERE}.types",
    "SourceSpec": f"{_HERE}.types",
    "SourceTable": f"{_HERE}.types",
    "SourcesHook": f"{_HERE}.hook_types",
    "describe_settings": f"{_HERE}.described",
    "hookimpl": f"{_HERE}.markers",
    "land_source": f"{_HERE}.landing",
    "lazy_source": f"{_HERE}.io_source",
    "open_channel": f"{_HERE}.opening",
    "open_source": f"{_HERE}.opening",
    "read_source": f"{_HERE}.reading",
    "registry": f"{_HERE}.registries",
    "settings_for": f"{_HERE}.configured",
    "temporarily": f"{_HERE}.registries",
    "write_plugin": f"{_HERE}.new_plugin",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
