"""IMU drivers: level, read_into, lost, true_rate_mhz, stop; all through the FIFO."""
