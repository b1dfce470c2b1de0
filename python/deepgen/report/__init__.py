"""Reports: one HTML page about a model and a table, made of sections.

A section is a file of this room with a function from `ReportData` to `Section`; `SECTIONS` lists
them in the order of the page.
"""

from __future__ import annotations

from deepgen.report.answer import WhichError
from deepgen.report.page import SECTIONS, write_report
from deepgen.report.section import ReportData, Section
from deepgen.report.which_error import which_error

__all__ = ["SECTIONS", "ReportData", "Section", "WhichError", "which_error", "write_report"]
