"""Measurements: one file a figure; never part of the tests."""
