"""Fuzzing of the whole command line: seeds, mutations, and a judge that runs the tools as processes."""
