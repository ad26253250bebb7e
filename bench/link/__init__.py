"""The line's benchmark: what a pull makes of its rate, beside mpremote on the same board."""
