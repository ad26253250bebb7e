"""How well the detector, and the four it is measured against, find simulated movements."""
