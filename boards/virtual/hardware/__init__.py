"""The simulated hardware of the virtual board."""
