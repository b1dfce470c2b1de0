"""Figures, text tables and HTML pages, independent of estimators."""
