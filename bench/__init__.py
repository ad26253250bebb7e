"""Measurements that are not tests: each folder holds one, run by a target of the Makefile."""
