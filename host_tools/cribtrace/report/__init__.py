"""A night as a page, as text, as Markdown, as JSON, and as a sheet of two printed pages."""

from cribtrace.report.page import render

__all__ = ["render"]
