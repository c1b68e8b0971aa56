"""Fuzzing of command lines: seeds, mutations, and a judge that runs the tools as processes."""
