"""IMU drivers, all through the chip's FIFO; docs/DESIGN.md, "Any sensor", has their interface."""
