"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spatialdata.studies.breast_cancer.figures import Drawn
    from spatialdata.studies.breast_cancer.results import Results, Row, Section

__all__ = ["write_report"]

_TITLE = "Breast-cancer study"

_CSS = """
:root { color-scheme: light; --ink: #1c2430; --soft: #56606e; --line: #d9dee5; --accent: #1f4e8c; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: #fff;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.75rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; }
a { color: var(--accent); }
nav ul { columns: 2; padding-left: 1.1rem; }
table { border-collapse: collapse; width: 100%; max-width: 52rem; margin: 1.25rem 0; font-size: .95rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th[scope=row] { font-weight: 400; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.unit { color: var(--soft); }
.kept { color: #17663a; font-weight: 600; }
.broken { color: #a3171b; font-weight: 600; }
figure { margin: 1.5rem 0 2.5rem; }
figure img { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 4px; }
figcaption { color: var(--soft); max-width: 52rem; margin-top: .5rem; }
figcaption strong { color: var(--ink); }
.skip { position: absolute; left: -999px; }
.skip:focus { position: static; }
@media print { nav { display: none; } figure { break-inside: avoid; } }
"""

_INTRODUCTION = (
    "Two Xenium replicates and a Visium slide of serial sections of a breast tumour were read from the folders of the "
    "instruments, written into one store, and aligned to the first replicate through landmarks. In the area that all "
    "three show, cell types, genes, regions and subclones were compared."
)
_SIMULATED = (
    "The slides of this report are simulated, so the truth is known: errors are measured against it, and cell types, "
    "regions and subclones are taken from it."
)


def write_report(results: Results, figures: Sequence[Drawn]) -> str:
    """Write the report as one HTML document.

    Parameters
    ----------
    results
        The numbers.
    figures
        The figures in their files; they become part of the document.

    Returns
    -------
    The document. It loads nothing from elsewhere.
    """
    simulated = results.parameters.get("simulated") == "yes"
    parts = [
        f"<h1>{_TITLE}</h1>",
        f"<p>{_INTRODUCTION}{' ' + _SIMULATED if simulated else ''}</p>",
        _contents(figures),
        '<h2 id="numbers">Numbers</h2>',
        *(_section(section) for section in results.sections),
        *(_figure(number, figure) for number, figure in enumerate(figures, start=1)),
        '<h2 id="methods">How this was made</h2>',
        _pairs("Parameters", results.parameters),
        _pairs("Versions", results.versions),
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_TITLE}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#numbers">Skip to the numbers</a>\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _contents(figures: Iterable[Drawn]) -> str:
    entries = ['<li><a href="#numbers">Numbers</a></li>']
    entries += [
        f'<li><a href="#figure-{number}">{escape(figure.title)}</a></li>'
        for number, figure in enumerate(figures, start=1)
    ]
    entries.append('<li><a href="#methods">How this was made</a></li>')
    return f'<nav aria-label="Contents"><ul>{"".join(entries)}</ul></nav>'


def _section(section: Section) -> str:
    head = (
        "<thead><tr><th scope='col'>Quantity</th><th scope='col'>Value</th><th scope='col'>Unit</th>"
        "<th scope='col'>Required</th></tr></thead>"
    )
    rows = "".join(_row(row) for row in section.rows)
    return f"<table><caption>{escape(section.title)}</caption>{head}<tbody>{rows}</tbody></table>"


def _row(row: Row) -> str:
    promise = ""
    if row.promise is not None:
        mark, word = ("kept", "kept") if row.promise.kept else ("broken", "not kept")
        promise = f"{escape(row.promise.text)} <span class='{mark}'>{word}</span>"
    return (
        f"<tr><th scope='row'>{escape(row.label)}</th><td class='number'>{escape(row.shown)}</td>"
        f"<td class='unit'>{escape(row.unit)}</td><td>{promise}</td></tr>"
    )


def _figure(number: int, figure: Drawn) -> str:
    data = b64encode(figure.path.read_bytes()).decode("ascii")
    caption = escape(figure.caption)
    return (
        f'<h2 id="figure-{number}">{escape(figure.title)}</h2>\n'
        f'<figure><img src="data:image/png;base64,{data}" alt="{caption}">'
        f"<figcaption><strong>Figure {number}.</strong> {caption}</figcaption></figure>"
    )


def _pairs(title: str, values: Mapping[str, object]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in values.items()
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>"
