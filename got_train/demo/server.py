"""The server of the page: what each address answers. No address reads a file that a visitor could name.

Gradio 6.31, which would be less to write, wants Pillow below 13, and draws no boxes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from got_train.data.record import Record
from got_train.demo.asking import answer_events, read_box, read_question, task_of, with_task
from got_train.demo.labelling import Entry, Labelling
from got_train.demo.pictures import MAX_PAGES, MAX_UPLOAD_BYTES, Uploads
from got_train.demo.readings import Readings
from got_train.demo.rendering import draw_page
from got_train.demo.turns import Turns
from got_train.demo.web import (
    Lines,
    OwnPage,
    explained,
    fail,
    json_body,
    line_of,
    receive_file,
    refuse,
    text_of,
)
from got_train.evaluation.worst import differences
from got_train.inference.answer import Answer
from got_train.inference.chat import Got
from got_train.prompts import COLORS, IMAGE_TAG
from got_train.report import UserError

STATIC = Path(__file__).parent / "static"
FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/state.js": ("state.js", "text/javascript"),
    "/asking.js": ("asking.js", "text/javascript"),
    "/boxes.js": ("boxes.js", "text/javascript"),
    "/rendering.js": ("rendering.js", "text/javascript"),
    "/trying.js": ("trying.js", "text/javascript"),
    "/correcting.js": ("correcting.js", "text/javascript"),
}
"""The page itself: the only files of this machine that have an address."""

MAX_QUESTIONS, MAX_UPLOADING, MAX_RENDERING = 8, 8, 16
"""How many may wait for an answer, for their file to be read, for an answer to be drawn."""

MAX_COMPARED = 20_000
"""Characters of answers that are compared: the time grows with the square."""

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "::1", "[::1]"]
"""Names by which a browser on this machine calls it; another site's name for its address is not one."""


@dataclass
class Site:
    """What the page works with."""

    names: Sequence[str]
    """Of the models, as people know them."""
    models: Sequence[Got]
    max_new_tokens: int
    uploads: Uploads | None = None
    """Pictures of visitors; None where pictures are corrected."""
    labelling: Labelling | None = None
    readings: Readings | None = None
    """What the first model reads of pictures that are to be corrected."""
    questions: Turns = field(default_factory=lambda: Turns(MAX_QUESTIONS))
    uploading: Turns = field(default_factory=lambda: Turns(MAX_UPLOADING))
    rendering: Turns = field(default_factory=lambda: Turns(MAX_RENDERING))
    ending: bool = False

    async def state(self, request: Request) -> Response:
        """What the page shows at first."""
        about = {
            "models": self.names,
            "colors": COLORS,
            "max_pages": MAX_PAGES,
            "max_bytes": MAX_UPLOAD_BYTES,
        }
        return JSONResponse(about | {"labelling": self.labelling is not None})

    async def add_picture(self, request: Request) -> Response:
        """Takes a file of a visitor."""
        assert self.uploads is not None
        file, name = self.uploads.place(), request.query_params.get("name", "")
        self.uploading.check()
        try:
            await receive_file(request, file)
            async with self.uploading.turn():
                found, note = await run_in_threadpool(self.uploads.add, file, name)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        shown = [
            {"word": word, "name": one.name, "width": one.width, "height": one.height} for word, one in found
        ]
        return JSONResponse({"pictures": shown, "note": note})

    async def picture(self, request: Request) -> Response:
        """A picture of a visitor, as the page shows it."""
        assert self.uploads is not None
        found = self.uploads.find(request.path_params["word"])
        return Response(await run_in_threadpool(found.preview.read_bytes), media_type="image/jpeg")

    async def ask(self, request: Request) -> Response:
        """Answers a question about pictures of a visitor or about an entry, as lines of JSON."""
        body = await json_body(request)
        self.questions.check()
        number = body.get("model", 0)
        if type(number) is not int or not 0 <= number < len(self.models):
            raise UserError("there is no such model")
        if self.labelling is not None:
            record = (await run_in_threadpool(self._asked_entry, body))[1]
        else:
            assert self.uploads is not None
            uploads = self.uploads
            record = await run_in_threadpool(read_question, body, lambda word: str(uploads.find(word).image))
        return Lines(self._events(self.models[number], record), media_type="application/x-ndjson")

    async def _events(self, got: Got, record: Record) -> AsyncIterator[str]:
        try:
            yield line_of({"ahead": self.questions.there})
            async with self.questions.turn():
                yield line_of({"begun": True})
                events = answer_events(got, record, self.max_new_tokens)
                try:
                    async for event in iterate_in_threadpool(events):
                        yield line_of(event)
                finally:
                    with anyio.CancelScope(shield=True):
                        await run_in_threadpool(events.close)
        except Exception as error:
            yield line_of({"error": explained(error)})

    async def render(self, request: Request) -> Response:
        """The page of an answer for the frame."""
        body = await json_body(request)
        async with self.rendering.turn():
            page = await run_in_threadpool(draw_page, text_of(body, "text"), body.get("quick") is True)
        return Response(page, media_type="text/html")

    async def compare(self, request: Request) -> Response:
        """Two answers in pieces, each piece of the first with the second's in its place."""
        body = await json_body(request)
        first, second = (text_of(body, name) for name in ("first", "second"))
        if max(len(first), len(second)) > MAX_COMPARED:
            raise UserError(f"answers of more than {MAX_COMPARED:,} characters are not compared")
        async with self.rendering.turn():
            pieces = await run_in_threadpool(differences, second, first)
        return JSONResponse({"pieces": pieces})

    async def next_entry(self, request: Request) -> Response:
        """The entry to correct next, and how far the work is."""
        return JSONResponse(await run_in_threadpool(self._shown_next))

    async def entry(self, request: Request) -> Response:
        """An entry, also one that is done."""
        return JSONResponse(await run_in_threadpool(self._shown, request.path_params["number"]))

    async def entry_picture(self, request: Request) -> Response:
        """A picture of an entry, as the page shows it."""
        labelling, number = self._labelling(), request.path_params["number"]
        page = request.path_params["page"]
        if not (number < len(labelling.entries) and page < len(labelling.entries[number].record.images)):
            raise UserError("there is no such picture")
        shown = await run_in_threadpool(labelling.preview, number, page)
        return Response(shown.jpeg, media_type="image/jpeg")

    async def accept(self, request: Request) -> Response:
        """Writes the row of a corrected answer, and shows the next entry."""
        body = await json_body(request)
        await run_in_threadpool(self._accept, body)
        return JSONResponse(await run_in_threadpool(self._shown_next))

    async def skip(self, request: Request) -> Response:
        """Puts an entry behind the others, and shows the next one."""
        number = self._number(await json_body(request))
        self._labelling().entries[number].skipped += 1
        return JSONResponse(await run_in_threadpool(self._shown_next))

    def _accept(self, body: Mapping[str, Any]) -> None:
        number, record = self._asked_entry(body)
        for page in range(len(record.images)):  # a row whose picture cannot be opened would not train
            self._labelling().preview(number, page)
        no_text = body.get("no_text") is True
        if no_text and body.get("box") is not None:
            raise UserError("that there is no text is said of whole pictures: leave out the box")
        answer = "" if no_text else text_of(body, "text")
        self._labelling().corrections.accept(replace(record, no_text=no_text), answer)

    def _asked_entry(self, body: Mapping[str, Any]) -> tuple[int, Record]:
        """The entry of a request, and its question in the form that the request asks for."""
        labelling, number = self._labelling(), self._number(body)
        record = labelling.entries[number].record
        box = read_box(body)
        if box is not None and len(record.images) > 1:
            raise UserError("the pages of a document are read whole: leave out the box")
        if box is not None and task_of(record) is None:
            raise UserError("this picture has a question of its own: leave out the box")
        size = (1, 1)
        if box is not None:
            shown = labelling.preview(number, 0)
            size = (shown.width, shown.height)
            inside = all(0 <= side <= limit for side, limit in zip(box, size * 2, strict=False))
            if not inside or (len(box) == 4 and not (box[0] < box[2] and box[1] < box[3])):
                raise UserError(f"the box must lie inside the picture of {size[0]} x {size[1]} pixels")
        return number, with_task(record, body.get("format") is True, box, size)

    def _shown_next(self) -> dict[str, Any]:
        labelling = self._labelling()
        number = labelling.next()
        return self._shown(number) if number is not None else {"counts": labelling.counts()}

    def _shown(self, number: int) -> dict[str, Any]:
        labelling = self._labelling()
        if number >= len(labelling.entries):
            raise UserError("there is no such entry")
        entry, task = labelling.entries[number], task_of(labelling.entries[number].record)
        accepted = labelling.accepted(number)
        shown = {
            "number": number,
            "names": entry.names,
            "query": entry.record.turns[-1].query.replace(IMAGE_TAG, ""),
            "format": task.format if task else None,
            "text": entry.reading if accepted is None else accepted,
            "is_read": entry.is_read,
            "is_done": accepted is not None,
            "confidence": entry.confidence,
            "fault": entry.fault,
            "counts": labelling.counts(),
        }
        try:
            picture = labelling.preview(number, 0)
            shown |= {"width": picture.width, "height": picture.height}
        except UserError as error:
            shown["fault"] = str(error)
        return shown

    def _labelling(self) -> Labelling:
        if self.labelling is None:
            raise UserError("nothing is corrected here: `got-train label` does that")
        return self.labelling

    def _number(self, body: Mapping[str, Any]) -> int:
        number = body.get("number")
        if type(number) is not int or not 0 <= number < len(self._labelling().entries):
            raise UserError("there is no such entry")
        return number

    async def read_entries(self) -> None:
        """Has the first model read all entries, one after another, between the questions of visitors."""
        labelling = self._labelling()
        for entry in [entry for entry in labelling.entries if not entry.is_read]:
            async with self.questions.background_turn():
                if self.ending:
                    return
                await run_in_threadpool(self._read_entry, entry)

    def _read_entry(self, entry: Entry) -> None:
        assert self.readings is not None
        try:
            answer = self._answer(entry)
            if answer is not None:
                self.readings.add(entry, answer)
        except Exception as error:  # one entry does not end the reading of the others
            entry.fault, entry.is_read = entry.without_folders(explained(error)), True

    def _answer(self, entry: Entry) -> Answer | None:
        """What the first model answers; None if the server ends meanwhile."""
        pieces = self.models[0].stream(entry.record, self.max_new_tokens, log_probs=True)
        try:
            while not self.ending:
                next(pieces)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        finally:
            pieces.close()
        return None

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Reads entries while the server runs."""
        async with anyio.create_task_group() as tasks:
            if self.readings is not None:
                tasks.start_soon(self.read_entries)
            yield
            self.ending = True


def build(site: Site, host: str) -> Starlette:
    """The application of a site that listens at `host`."""
    routes = [Route(path, partial(_file, *file)) for path, file in FILES.items()]
    routes += [
        Route("/state", site.state),
        Route("/ask", site.ask, methods=["POST"]),
        Route("/render", site.render, methods=["POST"]),
        Route("/compare", site.compare, methods=["POST"]),
    ]
    if site.uploads is not None:
        routes += [
            Route("/pictures", site.add_picture, methods=["POST"]),
            Route("/pictures/{word}", site.picture),
        ]
    if site.labelling is not None:
        routes += [
            Route("/next", site.next_entry),
            Route("/entries/{number:int}", site.entry),
            Route("/entries/{number:int}/{page:int}", site.entry_picture),
            Route("/accept", site.accept, methods=["POST"]),
            Route("/skip", site.skip, methods=["POST"]),
        ]
    names = LOOPBACK_HOSTS if host in LOOPBACK_HOSTS else ["*"]
    guards = [Middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False), Middleware(OwnPage)]
    handlers: dict[Any, Any] = {UserError: refuse, Exception: fail}
    return Starlette(routes=routes, middleware=guards, exception_handlers=handlers, lifespan=site.lifespan)


async def _file(name: str, kind: str, request: Request) -> Response:
    return Response((STATIC / name).read_bytes(), media_type=kind)
