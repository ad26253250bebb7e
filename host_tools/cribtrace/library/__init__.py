"""Nights that are kept: a folder of Parquet files that any tool reads (docs/LIBRARY.md)."""
