"""What happened, in numbers: every figure is computed from the journal alone."""
