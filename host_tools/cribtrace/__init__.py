"""Cribtrace: the host side of an open-source crib motion sensor."""

__version__ = "0.1.0"
