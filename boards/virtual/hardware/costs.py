"""What the virtual board's time is charged for: the one table, with its sources.

DS = a data sheet, E = an estimate. Microseconds unless the name says otherwise.
"""

from micropython import const

# I2C: 8 data bits and the acknowledge bit (NXP UM10204, 3.1.6).
I2C_BITS_PER_BYTE = const(9)
# Writing the address and the register; a read then repeats the address (UM10204, 3.1.10).
I2C_WRITE_HEADER_BYTES = const(2)
I2C_READ_HEADER_BYTES = const(3)
# Between two transfers: 35 us in the new IDF driver (espressif/esp-idf issue 15675).
I2C_TRANSFER_US = const(35)

# An SPI transfer's own cost beside its bytes: Python round two calls and a pin (E).
SPI_TRANSFER_US = const(60)

# What a transfer on a bus that is held waits for: the boards' own (boards/esp32/esp32_chip.py).
I2C_TIMEOUT_US = const(200_000)

# Winbond W25Q32 DS: sector erase 45 ms typical, 400 ms worst.
ERASE_US = const(45_000)
ERASE_WORST_US = const(400_000)
# W25Q32 DS: first byte of a page program 30 us, each further one 2.5 us (a page: 0.67 ms).
PROGRAM_FIRST_US = const(30)
PROGRAM_BYTE_NS = const(2_500)
# Reading at 40 MHz over two wires is 10 bytes a microsecond; 10 us to set a transfer up (E).
READ_SETUP_US = const(10)
READ_BYTES_PER_US = const(10)

# UART: start bit, eight data bits, stop bit; the ESP32's transmit FIFO is 128 bytes
# (ESP32 technical reference manual, UART).
UART_BITS_PER_BYTE = const(10)
UART_FIFO_BYTES = const(128)

# A collection without PSRAM: 2.0 to 2.5 ms (peterhinch/micropython-micro-gui issue 10).
GC_US = const(2_250)
# Bytecode round one drain of the FIFO (E).
DRAIN_US = const(2_000)
# One call that reads the clock (E): keeps a loop that only waits for the time from never ending.
TICKS_US = const(4)
# A turn of the main loop that finds work waiting already (E).
IDLE_US = const(100)
