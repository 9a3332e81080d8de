"""`got-train infer`: its options, what they cannot be used with, and what is done with them."""

import argparse
import json
from pathlib import Path

from got_train.command_options import BASE_HELP, OVERWRITE, check_folder, positive
from got_train.config import MAX_NEW_TOKENS
from got_train.data.record import Record
from got_train.inference.answer import CONFIDENCE_KEY, Answer
from got_train.inference.reader import Reader
from got_train.prompts import COLORS
from got_train.ranks import rank
from got_train.report import UserError, check_targets, counted
from got_train.secrets import print_answer

ASKED = ("format", "with-boxes", "box", "color", "crop")
"""Options that say what is asked."""

MAX_BEAMS = 64
"""More would only take memory: each beam takes as much as another question in the batch."""


def add_infer_options(infer: argparse.ArgumentParser) -> None:
    """The options of `infer`."""
    infer.add_argument("model", help="model folder, checkpoint, run folder or hub id")
    what = infer.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", nargs="+", help="images to read: files, 'patterns', folders, PDF files")
    what.add_argument("--pages", nargs="+", metavar="IMAGE", help="the same, as the pages of one document")
    what.add_argument("--data", help="rows to answer: what data.train takes")
    infer.add_argument("--format", action="store_true", help="ask for formatted text")
    infer.add_argument(
        "--with-boxes",
        action="store_true",
        help="ask for each text and its box, as JSON with boxes in pixels",
    )
    infer.add_argument("--box", metavar="x1,y1,x2,y2", help="read this region, in pixels (or a point x,y)")
    infer.add_argument("--color", choices=COLORS, help="read inside the frame of this colour")
    infer.add_argument("--crop", action="store_true", help="cut the image into tiles")
    infer.add_argument("--query", help="ask this question instead; with --data, for every row")
    infer.add_argument("--image-root", help="folder in which relative image paths of --data are looked up")
    infer.add_argument("--output", type=Path, metavar="JSONL", help="file of answers to write, row by row")
    infer.add_argument("--render", type=Path, metavar="HTML", help="page to write, with the rendered answers")
    infer.add_argument("--stream", action="store_true", help="print a single answer while it is generated")
    infer.add_argument(
        "--confidence", action="store_true", help="also give the probability of each answer and line"
    )
    infer.add_argument(
        "--beams",
        type=positive,
        default=1,
        help="answers kept beside each other, of which the likeliest is given (default: 1, greedy)",
    )
    add_reading_options(infer)


def add_reading_options(command: argparse.ArgumentParser) -> None:
    """The options of all commands that write a file of answers."""
    command.add_argument("--base", help=BASE_HELP)
    existing = command.add_mutually_exclusive_group()
    existing.add_argument(
        "--resume", action="store_true", help="continue the file of answers of an interrupted run"
    )
    existing.add_argument("--overwrite", action="store_true", help=OVERWRITE)
    command.add_argument(
        "--max-new-tokens",
        type=positive,
        default=MAX_NEW_TOKENS,
        help="longest answer in tokens (default: %(default)s)",
    )
    command.add_argument(
        "--batch-size", type=positive, default=8, help="images per batch (default: %(default)s)"
    )
    command.add_argument(
        "--server",
        metavar="URL",
        help="ask the server that serves this model (`got-train serve`), --batch-size requests at once",
    )
    command.add_argument(
        "--torch-compile", action="store_true", help="compile decoding first, for many answers on a GPU"
    )


def check_reading_options(options: argparse.Namespace) -> None:
    """Refuses options that exclude each other.

    Raises:
        UserError: names them.
    """
    if options.server and (options.torch_compile or options.base):
        raise UserError("--torch-compile and --base are of a model that is read here: leave out --server")


def reader(model: str, options: argparse.Namespace, image_root: str | None = None) -> Reader:
    """What answers: a model that is loaded here, or one behind an address."""
    if options.server:
        from got_train.inference.served import Served

        return Served.at(options.server, model, image_root)
    from got_train.inference.chat import Got

    return Got.from_pretrained(
        model, image_root=image_root, torch_compile=options.torch_compile, base=options.base
    )


def infer(options: argparse.Namespace) -> int:
    """Answers images or rows; what needs torch is imported when the options have been looked at."""
    asked = [f"--{name}" for name in ASKED if getattr(options, name.replace("-", "_"))]
    if options.data and asked:
        raise UserError(f"{', '.join(asked)} cannot be used with --data: its rows say what is asked")
    if options.stream and options.with_boxes:
        raise UserError("--stream prints an answer while it is written, --with-boxes as JSON: leave out one")
    if options.query is not None and options.format:
        raise UserError("--query is asked instead of the recipe's tasks: leave out --format")
    if options.data and not options.output:
        raise UserError("--data needs --output, the file to write")
    if options.resume and not options.output:
        raise UserError("--resume continues a file of answers: it needs --output")
    if options.stream and (options.data or options.output or options.render):
        raise UserError("--stream prints one answer: it cannot be used with --data, --output or --render")
    if options.stream and (options.beams > 1 or options.confidence):
        raise UserError("--stream prints an answer while it is written: leave out --beams and --confidence")
    if options.beams > MAX_BEAMS:
        raise UserError(f"--beams {options.beams}: at most {MAX_BEAMS}")
    if options.beams > 1 and (options.confidence or options.torch_compile):
        raise UserError("--confidence and --torch-compile are of greedy answers: leave out --beams")
    if options.image_root and not options.data:
        raise UserError("--image-root is of the rows of --data: name images by their whole paths")
    check_reading_options(options)
    if options.server and options.beams > 1:
        raise UserError("--beams is of a model that is read here: leave out --server")
    check_folder("--image-root", options.image_root)
    from got_train.data.sources import DatasetSpec
    from got_train.inference.predict import check_parts, predict, read_answers, read_questions
    from got_train.inference.questions import OcrType, check_query, find_images, question
    from got_train.run_folders import resolve_checkpoint

    named = find_images(options.pages or options.image or [])
    documents = [named] if options.pages else [[image] for image in named]
    ocr_type: OcrType = "format" if options.format else "ocr"
    given = (options.box, options.color, options.crop, options.query)
    records = [question(images, ocr_type, *given, with_boxes=options.with_boxes) for images in documents]
    if options.stream and len(records) > 1:
        raise UserError(f"--stream prints one answer, these are {len(records)} images")
    inputs = [*named, *(map(str, DatasetSpec.parse(options.data).sources) if options.data else [])]
    if options.data and options.query is not None:
        check_query(options.query)
    instead = "give --overwrite" + ", or --resume to continue it" * bool(options.output)
    targets = [file for file in (options.output, options.render) if file]
    check_targets(targets, inputs, options.overwrite or options.resume, instead)
    if options.output:
        check_parts(options.output, options.resume, options.overwrite)
    model = resolve_checkpoint(options.model)
    got = reader(model, options, options.image_root)
    limits = (options.max_new_tokens, options.batch_size)
    ways = (options.beams, options.confidence)
    if options.stream:
        for piece in got.stream(records[0], options.max_new_tokens):
            print_answer(piece, end="")
        print()
        return 0
    if options.output:
        if options.data:
            records = read_questions(got, options.data, options.query)
        predict(got, records, options.output, *limits, options.resume, *ways)
        if rank() != 0:
            return 0
        print(f"{counted(len(records), 'row')} written to {options.output}")
        answers = read_answers(options.output) if options.render else []
    else:
        answers = []
        for record, images, answer in zip(
            records, documents, got.answers(records, *limits, *ways), strict=True
        ):
            if options.with_boxes:
                print_answer(_in_json(record, answer, got.encoder.config.max_pixels))
            else:
                if len(documents) > 1:
                    print(f"== {images[0]}")
                print_answer(_with_confidences(answer) if options.confidence else answer.text)
            answers.append(answer.text)
    if options.render:
        got.render(list(zip(records, answers, strict=True)), options.render)
        print(f"page written to {options.render}")
    return 0


def _in_json(record: Record, answer: Answer, max_pixels: int) -> str:
    """Text with boxes as a line of JSON: the keys of a row of answers that other programs want."""
    from got_train.inference.predict import prediction_row
    from got_train.inference.regions import REGION_KEYS, region_values

    row = prediction_row(record, answer) | region_values(record, answer.text, max_pixels)
    shown = ("images", *REGION_KEYS, CONFIDENCE_KEY)
    return json.dumps({key: row[key] for key in shown if key in row}, ensure_ascii=False)


def _with_confidences(answer: Answer) -> str:
    """An answer for a person, each line behind its probability, and at the end that of the whole answer."""
    lines = zip(answer.line_confidences, answer.text.split("\n"), strict=True)
    return "\n".join(
        [*(f"{confidence:.3f}  {line}" for confidence, line in lines), f"confidence {answer.confidence:.3f}"]
    )
