"""Benchmarks: what the goals of docs/benchmarks.md are measured with. Run ``python -m benchmarks``."""
