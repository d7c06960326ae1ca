"""Conformance test suite for OKD (Onderwijs Koppeling Documenten)."""

__version__ = "0.1.0"
