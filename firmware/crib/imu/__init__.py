"""IMU drivers: level, read_into, lost, true_rate_mhz, self_test, stop; all through the FIFO."""
