"""Reports: one HTML page about a model and a table, made of sections.

A section is a file of this room with a function from `ReportData` to `Section`, or from `Judged`
where a fitted model and rows with targets suffice; a card of a model has those too. `SECTIONS`
lists them in the order of the page.
"""

from __future__ import annotations

from deepgen.report.answer import WhichError
from deepgen.report.card import Card, card
from deepgen.report.page import SECTIONS, write_report
from deepgen.report.report_data import ReportData
from deepgen.report.section import Section
from deepgen.report.which_error import which_error

__all__ = [
    "SECTIONS",
    "Card",
    "ReportData",
    "Section",
    "WhichError",
    "card",
    "which_error",
    "write_report",
]
