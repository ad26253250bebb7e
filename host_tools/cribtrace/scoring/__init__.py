"""Detections held against labelled truth: which is which, and the figures of it."""
