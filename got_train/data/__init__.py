"""From data files to batches.

::

    JSONL            --row_files.JsonlRows--> row (dict) --records.adapt_row, parse_row--> Record
    JSON, CSV        --row_files.ListedRows-> row (dict)      (turns of query and response, pictures,
    tar              --row_files.TarRows----> row, pictures as PackedFile              which row it is)
    Parquet, the hub --arrow.ArrowRows------> row, pictures as PackedFile
    path, pattern, folder, id --readers.Rows--> one set of all rows
    Record --images.find_image, lazy_image, tiles.tile--> uint8 (tiles, image_size, image_size, 3)
           --features.FeatureStore--> what a frozen encoder made of the same pictures before, instead
           --encode.encode----------> Sample: input_ids (length,) and labels (length,), grown span by span
    Samples --steps.StepPlan--> which of them one device computes at once --batching.collate--> batch
        input_ids, labels   int64   (batch, length), padded on the right
        tiles               uint8   (tiles, image_size, image_size, 3), of the rows in their order
        features                    (tiles, tokens of a tile, channels), of tiles that were encoded before
        tile_order          int64   (all tiles,), place of each tile among features with tiles after them

Nothing is random but the choice of rows (`sources.choose_rows`) and their order (`steps.StepPlan`), which
follow from seeds.
"""
