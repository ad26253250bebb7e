"""`python -m cribtrace.cli`."""

from cribtrace.cli import main

main()
