# MicroPython runs this first. Nothing is needed: no radio is switched on, no REPL is moved.
