"""Trains a model from a configuration: puts together model, data and `transformers.Trainer`."""
