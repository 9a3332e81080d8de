"""Readers of the labels of other tools, as `got_train.data.foreign` describes them, for `got-data rows`."""
