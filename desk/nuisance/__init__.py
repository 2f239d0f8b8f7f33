"""Nuisance callers (骚扰来电): warned, released, marked, and for a time not served."""
