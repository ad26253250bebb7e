"""Drivers of clock chips, one module a chip; a board imports the one it has."""
