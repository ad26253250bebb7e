"""Runs on MicroPython: replays a recorded trace and prints what each call left behind.

usage: replay.py viper|bytecode KERNELS TRACE FUNCTION:RETURNS…   (trace.py has the format)
"""

import sys
from array import array
from binascii import crc32
from struct import pack, unpack

END = 0xFFFFFFFF
CODES = {1: "B", 2: "H", 4: "i"}


def main(mode, source, path, *functions):
    """Print the CRC-32 after each call, in hexadecimal, one a line."""
    with open(source) as f:
        text = f.read()
    if mode == "bytecode":
        text = text.replace("@micropython.viper", "@micropython.bytecode")
    kernels = {}
    exec(text, kernels)
    called = []
    for function in functions:
        name, returns = function.split(":")
        called.append((kernels[name], int(returns)))
    with open(path, "rb") as f:
        replay(f, called)


def replay(f, called):
    """Make every call of the trace in the open file `f`."""
    arrays = []
    for _ in range(word(f)):
        length, element = unpack("<2I", f.read(8))
        arrays.append(array(CODES[element], bytes(length)))
    while True:
        pokes = word(f)
        if pokes == END:
            return
        for _ in range(pokes):
            number, offset, length = unpack("<3I", f.read(12))
            poke(arrays[number], offset, f.read(length))
        function, n = unpack("<2I", f.read(8))
        arguments = []
        given = []
        for _ in range(n):
            is_array, value = unpack("<Ii", f.read(8))
            arguments.append(arrays[value] if is_array else value)
            if is_array:
                given.append(arrays[value])
        run, returns = called[function]
        result = run(*arguments)
        left = crc32(pack("<I", result & END)) if returns else 0
        for each in given:
            left = crc32(each, left)
        print("%x" % left)


def word(f):
    """The next word of the file."""
    return unpack("<I", f.read(4))[0]


def poke(to, offset, content):
    """Write bytes into an array of any element size."""
    element = len(bytes(to)) // len(to)
    code = CODES[element]
    memoryview(to)[offset // element : (offset + len(content)) // element] = array(code, content)


main(*sys.argv[1:])
