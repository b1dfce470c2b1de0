"""Estimators for raw tables."""
