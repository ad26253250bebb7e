"""An I2C bus with its devices, named as machine.I2C; every transfer takes its time on the wire."""

from errno import ENODEV

from . import costs


class I2C:
    """A device has address, read_into(reg, buf) -> came from the FIFO, and write(reg, buf)."""

    def __init__(self, clock, device, freq=100_000, others=()):
        self._clock = clock
        self._devices = [device]
        self._devices.extend(others)
        self._device = device
        self.init(freq)

    def init(self, freq):
        """Set the bus speed, 40 000 .. 1 000 000 Hz."""
        self._byte_ns = costs.I2C_BITS_PER_BYTE * 1_000_000 // (freq // 1000)
        self._read_us = self._wire_us(costs.I2C_READ_HEADER_BYTES) + costs.I2C_TRANSFER_US
        self._write_us = self._wire_us(costs.I2C_WRITE_HEADER_BYTES) + costs.I2C_TRANSFER_US

    def _wire_us(self, count):
        return count * self._byte_ns // 1000

    def scan(self):
        """The addresses that answer."""
        return [device.address for device in self._devices]

    def readfrom_mem_into(self, addr, reg, buf):
        """Fill buf from register `reg` on; OSError(ENODEV) if nothing answers at `addr`."""
        self._select(addr)
        self._clock.charge(self._read_us)
        if self._device.read_into(reg, buf):
            self._clock.charge(costs.DRAIN_US)
        self._clock.charge(self._wire_us(len(buf)))

    def writeto_mem(self, addr, reg, buf):
        """Write buf to register `reg` and on; OSError(ENODEV) if nothing answers at `addr`."""
        self._select(addr)
        self._clock.charge(self._write_us + self._wire_us(len(buf)))
        self._device.write(reg, buf)

    def _select(self, addr):
        for device in self._devices:
            if device.address == addr:
                self._device = device
                return
        self._clock.charge(self._wire_us(1))
        raise OSError(ENODEV)
