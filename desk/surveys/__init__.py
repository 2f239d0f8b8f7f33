"""What callers say of the service they have had."""
