"""Asterisk's manager interface (AMI) through asterisk-ami, behind one adapter."""
