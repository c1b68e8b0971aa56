"""Check modules against kernels.

matrix      every module against every kernel: the entry point
target      a kernel to check against; candidate a module, pool the available ones
trial       one pair on an emulated kernel: its verdict, with every cause past a refusal
messages    causes as sentences with advice, one per rule; warnings for modules that load
verdict     the results
"""
