"""Watches (复电提醒): who wants to be told when the power is back."""
