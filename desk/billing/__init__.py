"""What is to be paid: stored bills, what they consist of, and late fees."""
