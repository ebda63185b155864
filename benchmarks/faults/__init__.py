"""Measure what faults cost: kills, full disks, damaged files, and input that nobody would write."""
