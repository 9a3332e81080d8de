"""Text lines and small text blocks."""
