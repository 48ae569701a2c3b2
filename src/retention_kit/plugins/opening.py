"""Opening a source or a channel by its name: found, configured, made, and fenced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retention_kit.delivery.channels import AdapterContext
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.plugins.configured import instance_name, settings_for
from retention_kit.plugins.fences import make_channel, make_source
from retention_kit.plugins.registries import Registry
from retention_kit.plugins.registries import registry as default_registry
from retention_kit.plugins.types import OpenChannel, OpenSource


def open_source(
    name: str,
    *,
    instance: str | None = None,
    registry: Registry | None = None,
    clock: Clock = SYSTEM_CLOCK,
    env_file: str | Path | None = None,
    **settings: Any,
) -> OpenSource:
    """Open a source by its name; nobody outside is asked yet.

    Args:
        name: The source's name: `bitrix24`.
        instance: Which of several of one kind; its variables are named `RETENTION_KIT_<NAME>_
            <INSTANCE>_…`.
        registry: Where to look for it; None for what is installed.
        clock: The time.
        env_file: A file of variables; None for the environment alone.
        **settings: Settings, which win over variables.

    Returns:
        The source, named `bitrix24` or `bitrix24.msk`. What it raises that is no error of this
        library comes as a `PluginError` that names the plugin. It is a context manager as well.

    Raises:
        DefinitionError: There is none of that name, or settings are not what they may be.
        PluginError: Several plugins claim the name, or the plugin cannot make it.
        MissingDependencyError: A library that it needs is not installed.
    """
    known = default_registry() if registry is None else registry
    found = known.sources.find(name)
    sibling = [known.channels[name].spec.settings] if name in known.channels else []
    made = settings_for(found.spec, instance, settings, env_file=env_file, siblings=sibling)
    context = AdapterContext(instance=instance_name(name, instance), clock=clock)
    return make_source(found, made, context)


def open_channel(
    name: str,
    *,
    instance: str | None = None,
    registry: Registry | None = None,
    clock: Clock = SYSTEM_CLOCK,
    env_file: str | Path | None = None,
    **settings: Any,
) -> OpenChannel:
    """Open a channel by its name; nobody outside is asked yet.

    Args:
        name: The channel's name: `amocrm`.
        instance: Which of several of one kind; its variables are named `RETENTION_KIT_<NAME>_
            <INSTANCE>_…`.
        registry: Where to look for it; None for what is installed.
        clock: The time.
        env_file: A file of variables; None for the environment alone.
        **settings: Settings, which win over variables.

    Returns:
        The channel, named `amocrm` or `amocrm.msk`, by which a journal keeps its actions. What it
        raises that is no error of this library comes as a `PluginError` that names the plugin. It
        is a context manager as well.

    Raises:
        DefinitionError: There is none of that name, or settings are not what they may be.
        PluginError: Several plugins claim the name, or the plugin cannot make it.
        MissingDependencyError: A library that it needs is not installed.
    """
    known = default_registry() if registry is None else registry
    found = known.channels.find(name)
    sibling = [known.sources[name].spec.settings] if name in known.sources else []
    made = settings_for(found.spec, instance, settings, env_file=env_file, siblings=sibling)
    context = AdapterContext(instance=instance_name(name, instance), clock=clock)
    return make_channel(found, made, context)
