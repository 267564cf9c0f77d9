"""A compliance report as Markdown, in which nothing that others wrote acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.insight.compliance.report_tables import Section, Table, facts, sections, title
from rollbook.text import inert_code

if TYPE_CHECKING:
    from rollbook.insight.compliance.compliance_report import ComplianceReport


def as_markdown(report: ComplianceReport) -> str:
    """Render the report, with a table in each section that has one."""
    head = "".join(f"- {name}: {inert_code(value)}\n" for name, value in facts(report))
    return "\n".join([f"# {title(report)}\n", head, *(_section(section) for section in sections(report))])


def _section(section: Section) -> str:
    table = f"\n{_table(section.table)}" if section.table else ""
    return f"## {section.title}\n\n{section.said}\n{table}"


def _table(table: Table) -> str:
    lines = [table.columns, ("---",) * len(table.columns)]
    lines += [tuple(inert_code(cell) for cell in row) for row in table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
