"""A compliance report as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.insight.compliance.report_tables import Section, facts, sections, title
from rollbook.insight.plain_page import boxed_table, fact_list, page, shown

if TYPE_CHECKING:
    from rollbook.insight.compliance.compliance_report import ComplianceReport


def as_html(report: ComplianceReport) -> str:
    """Render the report as a whole page."""
    return page(title(report), fact_list(facts(report)) + "".join(map(_section, sections(report))))


def _section(section: Section) -> str:
    below = boxed_table(section.table.columns, section.table.rows) if section.table else ""
    return f"<h2>{shown(section.title)}</h2>\n<p>{shown(section.said)}</p>\n{below}"
