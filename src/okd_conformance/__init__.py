"""Conformance test suite for OKD (Onderwijs Koppeling Documenten)."""

__version__ = "0.1.0"
DEFAULT_EDITION = "okd-1.5"
"""What is judged by, and served, when nobody names an edition."""
