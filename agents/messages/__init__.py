"""Messages from who leads the shift to one, to several or to all."""
