"""Tests of pages in the form of olmOCR-bench."""
