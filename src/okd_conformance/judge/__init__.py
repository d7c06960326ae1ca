"""Judging: outcomes, expectations, and how statuses add up to a verdict."""
