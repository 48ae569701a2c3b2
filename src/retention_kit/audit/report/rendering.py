"""The templates of the report, and what they may call."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from retention_kit.audit.report import cards
from retention_kit.audit.report.words import Words


def section_html(section: object, words: Words) -> str:
    """Write one section for a notebook's cell."""
    template = environment().get_template("section.html.j2")
    return template.render(section=section, words=words, css=scoped_css())


@cache
def environment() -> Environment:
    """Give the templates, with what they may call."""
    made = Environment(
        loader=PackageLoader("retention_kit.audit.report"),
        # Names of products and channels come from outside and may be anything, HTML included.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["spark"] = {"width": cards.WIDTH, "height": cards.HEIGHT}
    made.filters["safe_svg"] = lambda picture, size: Markup(picture.svg(size))
    made.filters["safe_table"] = lambda table, place="", sortable=True: Markup(
        table.html(place=place, sortable=sortable)
    )
    return made


@cache
def asset(name: str) -> Markup:
    """Give the text of a template that stands as it is: looks, or a script."""
    path = files("retention_kit.audit.report") / "templates" / name
    return Markup(path.read_text(encoding="utf-8"))


@cache
def scoped_css() -> Markup:
    """Give the looks for a notebook: nested, so that they touch nothing outside the report."""
    return asset("base.css") + Markup(".retention-kit {") + asset("report.css") + Markup("}")
