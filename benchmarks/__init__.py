"""Benchmarks of this workspace beside the published wheels."""
