"""The command ``okd-conformance``: one file per command."""
