"""pytest's side of a run: options, hooks, workers and the end of a session."""
