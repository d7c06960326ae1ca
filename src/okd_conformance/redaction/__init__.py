"""Taking secrets out of everything that is written or shown."""
