"""From a configuration to a trained model: assembles model, data and `transformers.Trainer`."""
