"""got-train: the whole GOT-OCR2.0 recipe, from YAML to a merged model."""
