"""A server on this machine that takes what the packages of both hubs send."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_cAnArYcAnArYcAnArYcAnArYcAnArYcAnAr"


class Hub:
    """Repositories by their names, and what was asked for in making them."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.files: dict[str, dict[str, bytes]] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.tokens: set[str | None] = set()
        self.refuses = False

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to send here."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": TOKEN,
            "MODELSCOPE_ENDPOINT": self.url,
            "MODELSCOPE_API_TOKEN": TOKEN,
            "USE_HF": "1",
        }


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(*hub_get(hub, self.path.partition("?")[0]))

        def do_PUT(self) -> None:
            hub.blobs[self.path.rpartition("/")[2]] = self.body()
            self.answer(200, {})

        def do_POST(self) -> None:
            hub.tokens.add(self.headers.get("Authorization"))
            content, path = self.body(), self.path.partition("?")[0]
            if hub.refuses:
                self.answer(403, {"error": "no right to write", "Code": 403, "Message": "no right to write"})
            elif path.endswith("/commit/main"):
                self.answer(200, hf_commit(hub, path, list(map(json.loads, content.splitlines()))))
            else:
                self.answer(*hub_post(hub, path, json.loads(content)))

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def answer(self, status: int, content: Any) -> None:
            text = json.dumps(content).encode()
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *words: Any) -> None: ...

    return Handler


NOTHING = (404, {"error": "not found", "Code": 404, "Message": "not found", "success": False})


def hub_get(hub: Hub, path: str) -> tuple[int, Any]:
    found = re.fullmatch(r"/(?:openapi/v1|api/v1|api)/models/([\w.-]+/[\w.-]+)(/.*)?", path)
    if found is None or found[1] not in hub.files:
        return NOTHING
    files = hub.files[found[1]]
    if found[2] is None:
        facts = {"id": found[1], "sha": "0" * 40, "siblings": [], "Name": found[1].rpartition("/")[2]}
        return 200, facts | {"Code": 200, "Data": facts, "data": facts, "success": True}
    if found[2].startswith("/tree/"):
        listed = [{"type": "file", "path": n, "size": len(c), "oid": "0" * 40} for n, c in files.items()]
        return 200, listed
    listed = [{"Path": name, "Name": name, "Type": "blob", "Size": len(c)} for name, c in files.items()]
    return 200, {"Code": 200, "Success": True, "Data": {"Files": listed}}


def hub_post(hub: Hub, path: str, asked: Any) -> tuple[int, Any]:
    if path == "/api/validate-yaml":
        return 200, {}
    if path in ("/api/repos/create", "/api/v1/models"):
        repo = f"{asked.get('organization') or asked.get('Path')}/{asked.get('name') or asked.get('Name')}"
        if repo in hub.files:  # ModelScope's package tries to make it before each upload, a public one
            return 409, {"error": "it exists", "Code": 409, "Message": "it exists"}
        hub.files[repo], hub.made[repo] = {}, asked
        return 200, {"url": f"{hub.url}/{repo}", "Code": 200, "Data": {"Name": repo}, "Success": True}
    if "/preupload/" in path:
        modes = {True: "lfs", False: "regular"}
        files = [
            {"path": file["path"], "uploadMode": modes[file["path"].endswith(".safetensors")]}
            for file in asked["files"]
        ]
        return 200, {"files": [file | {"shouldIgnore": False, "oid": None} for file in files]}
    if path.endswith("/objects/batch"):
        objects = [
            {**one, "actions": {"upload": {"href": f"{hub.url}/blobs/{one['oid']}"}}}
            for one in asked["objects"]
        ]
        batch = {"transfer": "basic", "objects": objects}
        return 200, batch | {"Code": 200, "Success": True, "Data": batch}
    assert path.endswith("/commit/master"), path
    repo = re.fullmatch(r"/api/v1/repos/models/([\w.-]+/[\w.-]+)/commit/master", path)
    assert repo is not None
    for action in asked["actions"]:
        is_blob = action["type"] == "lfs"
        content = hub.blobs[action["sha256"]] if is_blob else base64.b64decode(action["content"])
        hub.files[repo[1]][action["path"]] = content
    return 200, {"Code": 200, "Success": True, "Data": {}}


def hf_commit(hub: Hub, path: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What a commit of Hugging Face, a line for each file, does."""
    repo = path.removeprefix("/api/models/").removesuffix("/commit/main")
    for line in lines:
        value = line["value"]
        if line["key"] == "file":
            hub.files[repo][value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            hub.files[repo][value["path"]] = hub.blobs[value["oid"]]
        else:
            assert line["key"] == "header", line
    return {"commitUrl": f"{hub.url}/{repo}/commit/1", "commitOid": "1", "pullRequestUrl": None}


@contextmanager
def hub_server() -> Iterator[Hub]:
    """A hub that listens while the block runs."""
    hub = Hub()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub)) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hub
        server.shutdown()
