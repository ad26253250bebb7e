"""Cribtrace firmware: from the IMU's FIFO to an event log and a serial line."""

VERSION = "0.1.0"
BUILD = 0  # CRC-32 of the files that `cribtrace deploy` copied; it writes the number here
