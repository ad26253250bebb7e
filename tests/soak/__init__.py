"""Simulated weeks: nightly pulls, faults, power cuts, and what must hold all the same."""
