"""Tools for the standards group: is the text sound, what changes, whom does it break."""
