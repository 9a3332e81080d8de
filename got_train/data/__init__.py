"""From data files to batches.

::

    path, pattern, folder, hub id --readers.open_rows, sources.choose_run_rows--> rows.Rows (chosen rows)
    JSONL            --row_files.JsonlRows--> row (dict)
    JSON, CSV        --row_files.ListedRows-> row (dict)
    tar              --row_files.TarRows----> row, images as PackedFile
    Parquet, the hub --arrow.ArrowRows------> row, images as PackedFile
    row --records.parse_row--> Record (turns of query and response, found images, location of the row)
    Record --samples.SampleEncoder--> Sample
           images.lazy_image, tiles.tile: uint8 (tiles, image_size, image_size, 3)
           encode.encode: input_ids (length,) and labels (length,), grown span by span
           slots.place_characters: int16 (rows of tokens, slots of a row), for auxiliary losses
    Rows --samples.SampleSet--> samples by index
         --features.FeatureSamples--> the same, with stored features of a frozen encoder in place of tiles
         --check.check_rows--> bad rows, and the sizes of good ones, which good_rows.GoodRows remembers
    Samples --training.plan.StepPlan--> the samples of one batch of one device --batching.collate--> batch
        input_ids, labels   int64   (batch, length), padded on the right
        tiles               uint8   (tiles, image_size, image_size, 3), in the order of the rows
        features                    (tiles, tokens of a tile, channels), of tiles that were encoded before
        tile_order          int64   (all tiles,), place of each tile in features and tiles, concatenated
        slots               int64   (rows with slots, slots of a tile), their slot_rows and slot_tiles

Only the choice of rows (`sources.choose_rows`) and their order (`StepPlan`) are random, and both follow from
seeds.
"""
