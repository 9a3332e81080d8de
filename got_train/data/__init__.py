"""From data files to batches.

::

    JSONL            --row_files.JsonlRows--> row (dict) --records.adapt_row, parse_row--> Record
    JSON, CSV        --row_files.ListedRows-> row (dict)      (turns of query and response, pictures,
    tar              --row_files.TarRows----> row, pictures as PackedFile              which row it is)
    Parquet, the hub --arrow.ArrowRows------> row, pictures as PackedFile
    path, pattern, folder, id --readers.Rows--> one set of all rows
    Record --images.find_image, open_image, tiles.tile--> uint8 (tiles, image_size, image_size, 3)
           --encode.encode------> Sample: input_ids (length,) and labels (length,), grown span by span
    Samples --batching.collate--> batch
        input_ids, attention_mask, labels   int64    (batch, length), padded on the right
        pixel_values                        float32  (tiles of the whole batch, 3, image_size, image_size)

Nothing is random but the choice of rows (`sources.choose_rows`), which takes a seeded generator.
"""
