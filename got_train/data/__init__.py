"""From data files to batches.

::

    JSONL, JSON --readers.JsonRows----> row (dict) --records.parse_row--> Record
    tar         --readers.TarRows-----> row, pictures as PackedFile         (turns of query and response,
    Parquet     --parquet.ParquetRows-> row, pictures as PackedFile          pictures, which row it is)
    path, pattern or folder --readers.open_rows--> Rows, one set of all rows of the files
    Record --images.find_image, open_image, tiles.tile--> uint8 (tiles, image_size, image_size, 3)
           --encode.encode------> Sample: input_ids (length,) and labels (length,), grown span by span
    Samples --batching.collate--> batch
        input_ids, attention_mask, labels   int64    (batch, length), padded on the right
        pixel_values                        float32  (tiles of the whole batch, 3, image_size, image_size)

Nothing is random but the choice of rows (`sources.choose_rows`), which takes a seeded generator.
"""
