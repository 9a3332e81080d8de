"""Engines that draw training samples: `got-data ENGINE`, or `data_engines.run.generate` from code."""
