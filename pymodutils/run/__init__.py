"""Run plans on a kernel, or only print their steps; both use the same walk."""
