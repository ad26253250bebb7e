"""Four published methods, made for other places and tried here: transplanted baselines.

Written from descriptions of the algorithms, not from anybody's code. Each has RATE_HZ, PUBLISHED
(its parameters as published), GRID (those it is tuned over) and `detect(mg, **parameters)`, mg
being float64[n, 3] with gravity at RATE_HZ.
"""
