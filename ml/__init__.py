"""The model: from bytes to a calibrated probability. Knows no Django."""
