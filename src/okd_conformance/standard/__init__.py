"""The standard as data: editions, their documents and the catalogue, read from ``specs``."""
