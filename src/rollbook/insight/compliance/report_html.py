"""A compliance report as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rollbook.insight.compliance.report_tables import Section, Table, facts, sections, title
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.insight.compliance.compliance_report import ComplianceReport

# The policy is for whatever slips through the escaping: no script, no address is ever followed.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #bbb; padding: .2rem .5rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; min-width: 4rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<dl>
{facts}</dl>
{sections}</body>
</html>
"""


def as_html(report: ComplianceReport) -> str:
    """Render the report as a whole page."""
    return _PAGE.format(
        title=_text(title(report)),
        facts="".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n" for name, value in facts(report)),
        sections="".join(_section(section) for section in sections(report)),
    )


def _section(section: Section) -> str:
    table = _table(section.table) if section.table else ""
    return f"<h2>{_text(section.title)}</h2>\n<p>{_text(section.said)}</p>\n{table}"


def _table(table: Table) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>\n" for row in table.rows)
    return f"<table>\n<tr>{head}</tr>\n{rows}</table>\n"


def _text(text: str) -> str:
    return escape(printable(text))
