"""What the log costs the flash, and the line."""
