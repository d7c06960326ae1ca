"""The target file: what the implementation under test is, read and checked."""
