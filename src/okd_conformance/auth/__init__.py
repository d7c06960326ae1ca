"""Tokens, and the token endpoint that gives them."""
