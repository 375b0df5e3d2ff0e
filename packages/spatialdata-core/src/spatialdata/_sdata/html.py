"""The HTML that shows a SpatialData object in a notebook, with small pictures of its images and labels."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from spatialdata._sdata.links import annotated_by, regions_of
from spatialdata._sdata.repr import describe, natural_key, text_of
from spatialdata._sdata.thumbnail import thumbnail
from spatialdata.errors import StoreError
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from spatialdata._sdata.elements import Elements
    from spatialdata._sdata.holder import ElementHolder

__all__ = ["describe_html"]

# Colors come from the page, so that light and dark themes need no rules of their own. What notebooks set for all tables
# is set back.
_STYLE = """
.spatialdata{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;line-height:1.4;color:inherit}
.spatialdata pre.sd-text{display:none}
.spatialdata .sd-head{padding:2px 0 6px;border-bottom:1px solid rgba(128,128,128,.4);margin-bottom:4px}
.spatialdata .sd-head b{font-size:14px}
.spatialdata .sd-dim{opacity:.65}
.spatialdata summary{cursor:pointer;padding:3px 0;font-weight:600}
.spatialdata table{border-collapse:collapse;margin:0 0 4px 16px!important}
.spatialdata td{padding:3px 12px 3px 0;font-size:13px;text-align:left!important;vertical-align:middle;border:0;
background:none!important;color:inherit}
.spatialdata tr{border-top:1px solid rgba(128,128,128,.2);background:none!important}
.spatialdata td.sd-name{font-weight:600;font-family:var(--jp-code-font-family,ui-monospace,monospace);max-width:32em;
overflow-wrap:break-word}
.spatialdata td.sd-what{font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12px}
.spatialdata .sd-tag{display:inline-block;padding:0 6px;margin:1px 3px 1px 0;border-radius:8px;
background:rgba(128,128,128,.18);font-size:11px;max-width:36em;overflow-wrap:break-word}
.spatialdata .sd-link{background:rgba(56,132,244,.25)}
.spatialdata img{display:block;max-width:64px;max-height:64px;image-rendering:pixelated;border-radius:3px;
background:#000}
.spatialdata .sd-none{width:64px;height:20px;opacity:.5;font-size:11px}
"""


def describe_html(sdata: ElementHolder) -> str:
    """The HTML of a SpatialData object. Besides metadata, only the coarsest levels of rasters are read, if small."""
    present = [elements for elements in sdata.shelf if len(elements)]
    count = sum(len(elements) for elements in present)
    store = f' <span class="sd-dim">in {escape(str(sdata.path))}</span>' if sdata.path is not None else ""
    head = f'<div class="sd-head"><b>SpatialData</b> <span class="sd-dim">{count} elements</span>{store}</div>'
    links = annotated_by(sdata)
    sections = "".join(_section(sdata, elements, links) for elements in present)
    return (
        f'<div class="spatialdata"><style>{_STYLE}</style><pre class="sd-text">{escape(describe(sdata))}</pre>'
        f"{head}{sections}{_systems(sdata)}{_attributes(sdata)}</div>"
    )


def _section(sdata: ElementHolder, elements: Elements, links: dict[str, list[str]]) -> str:
    is_table = elements.kind is Kind.TABLE
    rows = []
    for name in sorted(elements, key=natural_key):
        if is_table:
            regions = regions_of(sdata, name)
            tags = _tags(regions, "annotates ", "sd-link") if regions else _tags(["annotates nothing"])
        else:
            tags = _tags(sorted(elements.transformations(name), key=natural_key))
            tags += _tags(links.get(name, []), "annotated by ", "sd-link")
        picture = f"<td>{_picture(elements, name)}</td>" if elements.kind in (Kind.IMAGE, Kind.LABELS) else ""
        rows.append(
            f'<tr>{picture}<td class="sd-name">{escape(name)}</td>'
            f'<td class="sd-what">{escape(text_of(elements, name))}</td><td>{tags}</td></tr>'
        )
    title = f"{elements.kind.container.title()} <span class='sd-dim'>({len(elements)})</span>"
    return f"<details open><summary>{title}</summary><table>{''.join(rows)}</table></details>"


def _tags(names: list[str], prefix: str = "", extra: str = "") -> str:
    return "".join(f'<span class="sd-tag {extra}">{prefix}{escape(name)}</span>' for name in names)


def _picture(elements: Elements, name: str) -> str:
    try:
        picture = thumbnail(elements[name])
    except (StoreError, OSError, ValueError):
        return '<div class="sd-none">unreadable</div>'
    if picture is None:
        return '<div class="sd-none">large</div>'
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def _systems(sdata: ElementHolder) -> str:
    by_system: dict[str, list[str]] = {}
    for name, transformations in sdata.gen_transformations():
        for system in transformations:
            by_system.setdefault(system, []).append(name)
    systems = sorted(sdata.coordinate_systems, key=natural_key)
    rows = "".join(
        f'<tr><td class="sd-name">{escape(system)}</td><td>{_members(by_system.get(system, []))}</td></tr>'
        for system in systems
    )
    return _folded("Coordinate systems", len(systems), rows)


def _members(names: list[str]) -> str:
    return _tags(sorted(names, key=natural_key)) if names else '<span class="sd-dim">by links only</span>'


def _attributes(sdata: ElementHolder) -> str:
    rows = "".join(
        f'<tr><td class="sd-name">{escape(str(key))}</td><td class="sd-what">{escape(_short(value))}</td></tr>'
        for key, value in sdata.attrs.items()
    )
    return _folded("Attributes", len(sdata.attrs), rows)


def _short(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _folded(title: str, count: int, rows: str) -> str:
    if not count:
        return ""
    return f"<details><summary>{title} <span class='sd-dim'>({count})</span></summary><table>{rows}</table></details>"
