"""What everything else stands on: texts, paths, and bounded readers of untrusted input."""
