"""What a suite is written with, how its cases are planned, and the one way to run a case."""
