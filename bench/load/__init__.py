"""What puts load on a PBX for the measurements: callers out of SIPp, and the least that a program for ARI can be."""
