"""Hands the suites the plugin, so that ``pytest suites`` works as well as the command."""

pytest_plugins = ["okd_conformance.plugin"]
