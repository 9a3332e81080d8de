"""From data files to batches.

::

    JSONL file --sources.JsonRows--> row (dict) --records.parse_row--> Record
        (turns of query and response, picture paths, file:line)
    Record --images.load_tiles--> uint8 (tiles, image_size, image_size, 3)
           --encode.encode------> Sample: input_ids (length,) and labels (length,), grown span by span
    Samples --batching.collate--> batch
        input_ids, attention_mask, labels   int64    (batch, length), padded on the right
        pixel_values                        float32  (tiles of the whole batch, 3, image_size, image_size)

Nothing is random but the choice of rows (`sources.choose_rows`), which takes a seeded generator.
"""
