"""How fast nights come into a library, and how fast a trend comes out of it."""
