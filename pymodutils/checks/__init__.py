"""Will these modules load into those kernels, and what is to be done if not.

matrix      every module against every kernel: the one call that does it all
target      a kernel to check against; candidate a module, pool those at hand
trial       one pair on an emulated kernel: its own verdict
survey      all that speaks against a pair, also behind what the kernel stopped at
words       the same in words with what to do, a rule each; bites is what will work but bites
verdict     the values that come of it
"""
