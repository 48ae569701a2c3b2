"""A hook whose name is nearly right, and one with an argument that no hook has."""

from retention_kit.plugins import hookimpl


@hookimpl
def retention_kit_source():
    return []


@hookimpl
def retention_kit_observers(everything):
    return []
