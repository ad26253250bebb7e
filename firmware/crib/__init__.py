"""Cribtrace firmware: from the IMU's FIFO to an event log and a serial line."""

VERSION = "0.1.0"
