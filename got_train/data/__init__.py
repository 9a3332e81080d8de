"""From data files to batches.

::

    path, pattern, folder, id --readers.open_rows, sources.choose_run_rows--> rows.Rows (chosen rows of files)
    JSONL            --row_files.JsonlRows--> row (dict)
    JSON, CSV        --row_files.ListedRows-> row (dict)
    tar              --row_files.TarRows----> row, images as PackedFile
    Parquet, the hub --arrow.ArrowRows------> row, images as PackedFile
    row --records.parse_row--> Record (turns of query and response, images that were found, which row it is)
    Record --samples.SampleEncoder--> Sample
           images.lazy_image, tiles.tile: uint8 (tiles, image_size, image_size, 3)
           encode.encode: input_ids (length,) and labels (length,), grown span by span
    Rows --samples.SampleSet--> samples by index
         --features.FeatureSamples--> the same, with what a frozen encoder made of the images before
         --check.check_rows--> which rows are bad, how large the others are; good_rows.GoodRows remembers them
    Samples --training.plan.StepPlan--> which of them one device computes at once --batching.collate--> batch
        input_ids, labels   int64   (batch, length), padded on the right
        tiles               uint8   (tiles, image_size, image_size, 3), of the rows in their order
        features                    (tiles, tokens of a tile, channels), of tiles that were encoded before
        tile_order          int64   (all tiles,), place of each tile among features with tiles after them

Only the choice of rows (`sources.choose_rows`) and their order (`StepPlan`) are random, and both follow from
seeds.
"""
