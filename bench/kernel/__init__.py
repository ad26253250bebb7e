"""What the detector's kernel costs a frame on both ESP32 instruction sets, counted without one.

It also shows that the machine code leaves behind, bit for bit, what CPython does.
"""
