// The page: it shows pictures, asks about them, and shows or corrects what is read. Texts of models and visitors
// become text nodes; what a text looks like is drawn by the server and shown in a frame that runs nothing.
"use strict";

const $ = (id) => document.getElementById(id);
const LOOK_MILLISECONDS = 600; // between two looks at a text that still grows
const POLL_MILLISECONDS = 2000; // between two questions for what the model has read
const MOST_FRAME_PIXELS = 4000;

let about = null; // what /state says
let pictures = []; // of the visitor: {word, name, width, height}
let chosen = 0; // the one that is shown
let box = null; // of the question, in pixels of the picture: 2 or 4 numbers
let running = null; // stops the questions that are being answered
let entry = null; // what is corrected
let whole = ""; // its text, while that of a box is written
let visited = []; // entries before this one
let edited = false;
let moving = false; // whether an entry is being written or brought

// ---- asking the server

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer: is it still running?");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Error(said.error || `the server refuses with ${response.status}`);
}

const post = (url, body, options = {}) => request(url, { method: "POST", body: JSON.stringify(body), ...options });
const askJson = async (url, body) => (await (body === undefined ? request(url) : post(url, body))).json();

function tell(text) {
  $("message").textContent = text;
  $("message").hidden = text === "";
}

function guarded(work) {
  return async (...given) => {
    tell("");
    try {
      return await work(...given);
    } catch (error) {
      if (error.name !== "AbortError") tell(error.message);
    }
  };
}

// ---- how a text looks

function looker(frame) {
  let next = null;
  let busy = false;
  frame.addEventListener("load", () => {
    const height = frame.contentDocument.body.offsetHeight; // that of its root is never less than the frame's
    frame.style.height = `${Math.min(height, MOST_FRAME_PIXELS) + 8}px`;
  });
  return async (text, quick) => {
    next = { text, quick };
    if (busy) return;
    busy = true;
    while (next) {
      const wanted = next;
      next = null;
      try {
        frame.srcdoc = await (await post("/render", wanted)).text();
      } catch (error) {
        tell(error.message);
      }
      if (wanted.quick) await new Promise((done) => setTimeout(done, LOOK_MILLISECONDS));
    }
    busy = false;
  };
}

// ---- pictures and boxes

function shownSize() {
  return about.labelling ? entry : pictures[chosen];
}

function showBox() {
  const size = shownSize();
  $("corners").value = box ? box.join(",") : "";
  $("box").hidden = !box || !size || !size.width;
  if ($("box").hidden) return;
  const [left, top, right = left, bottom = top] = box;
  const place = { left: left / size.width, top: top / size.height };
  Object.assign(place, { width: (right - left) / size.width, height: (bottom - top) / size.height });
  for (const [side, value] of Object.entries(place)) $("box").style[side] = `${100 * value}%`;
}

function setBox(value) {
  const had = box !== null;
  box = value;
  showBox();
  if (about.labelling && entry && had !== (box !== null)) swapText();
}

function drawBoxes() {
  let start = null;
  const at = (event) => {
    const rect = $("picture").getBoundingClientRect();
    const size = shownSize();
    const part = (value, from, length) => Math.min(1, Math.max(0, (value - from) / length));
    return [
      Math.round(part(event.clientX, rect.left, rect.width) * size.width),
      Math.round(part(event.clientY, rect.top, rect.height) * size.height),
    ];
  };
  const drawn = (event) => {
    const end = at(event);
    const sorted = [0, 1].map((side) => [start[side], end[side]].sort((a, b) => a - b));
    const [[left, right], [top, bottom]] = sorted;
    return left < right && top < bottom ? [left, top, right, bottom] : null;
  };
  $("frame").addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !shownSize() || !shownSize().width) return;
    event.preventDefault();
    start = at(event);
    $("frame").setPointerCapture(event.pointerId);
  });
  $("frame").addEventListener("pointermove", (event) => {
    if (!start) return;
    const found = drawn(event);
    if (found) setBox(found);
  });
  $("frame").addEventListener("pointerup", (event) => {
    if (start && !drawn(event)) setBox(null);
    start = null;
  });
  $("frame").addEventListener("pointercancel", () => (start = null));
  $("clear").addEventListener("click", () => setBox(null));
  $("corners").addEventListener("change", () => {
    const words = $("corners").value.split(/[\s,;]+/).filter(Boolean);
    const numbers = words.map(Number);
    const good = [0, 2, 4].includes(numbers.length) && numbers.every(Number.isFinite);
    tell(good ? "" : "a box is x1,y1,x2,y2 in pixels of the picture, a point x,y");
    if (good) setBox(numbers.length ? numbers : null);
  });
}

function showPicture(source, caption, description) {
  $("stage").hidden = source === null;
  if (source !== null) $("picture").src = source;
  $("picture").alt = description;
  $("caption").textContent = caption;
}

// ---- trying a model

function showPages() {
  $("pages").replaceChildren(
    ...pictures.map((picture, number) => {
      const item = document.createElement("li");
      const name = document.createElement("button");
      const remove = document.createElement("button");
      name.type = remove.type = "button";
      name.textContent = picture.name;
      remove.textContent = "✕";
      remove.setAttribute("aria-label", `remove ${picture.name}`);
      item.className = number === chosen ? "shown" : "";
      name.addEventListener("click", () => choose(number));
      remove.addEventListener("click", () => {
        pictures.splice(number, 1);
        choose(Math.min(chosen, pictures.length - 1));
      });
      item.append(name, remove);
      return item;
    }),
  );
  const several = pictures.length > 1;
  for (const id of ["corners", "clear", "color", "crop"]) $(id).disabled = several;
  $("frame").style.pointerEvents = several ? "none" : "";
}

function choose(number) {
  chosen = Math.max(number, 0);
  setBox(null);
  showPages();
  const picture = pictures[chosen];
  if (!picture) return showPicture(null, "", "");
  const pages = pictures.length > 1 ? `; ${pictures.length} pages are read as one document` : "";
  const caption = `${picture.name}: ${picture.width} x ${picture.height} pixels${pages}`;
  showPicture(`/pictures/${picture.word}`, caption, `picture to read: ${picture.name}`);
}

const addFiles = guarded(async (files) => {
  const notes = [];
  for (const file of files) {
    $("progress").textContent = `reading ${file.name} ...`;
    try {
      if (file.size > about.max_bytes) throw new Error(`the file is too large: ${about.max_bytes >> 20} MiB are taken`);
      const url = `/pictures?name=${encodeURIComponent(file.name)}`;
      const found = await (await request(url, { method: "POST", body: file })).json();
      const room = about.max_pages - pictures.length;
      if (found.pictures.length > room) notes.push(`${about.max_pages} pages are read at once: the rest was left out`);
      pictures.push(...found.pictures.slice(0, room));
      if (found.note) notes.push(found.note);
    } catch (error) {
      notes.push(error.message.includes(file.name) ? error.message : `${file.name}: ${error.message}`);
    }
  }
  $("progress").textContent = "";
  $("files").value = "";
  if (pictures.length) choose(pictures.length > 1 ? chosen : 0);
  tell(notes.join("; "));
});

function newAnswer(number) {
  const article = $("answer").content.cloneNode(true).querySelector("article");
  const part = (selector) => article.querySelector(selector);
  part("h2").textContent = about.models[number];
  $("answers").append(article);
  const look = looker(part("iframe"));
  return { status: part(".status"), plain: part(".plain"), prompt: part(".prompt"), look };
}

function seconds(value) {
  return `${value.toFixed(1)} s`;
}

function summary(end) {
  const rate = end.tokens / end.seconds;
  const sure = `${(100 * end.confidence).toFixed(0)} % sure`;
  return `${end.tokens} tokens in ${seconds(end.seconds)} (the first after ${seconds(end.first || 0)}), ` +
    `${rate.toFixed(1)} tokens a second, ${sure}`;
}

async function ask(question, show, signal) {
  // Shows what happens while a question is answered; returns the whole text.
  const response = await post("/ask", question, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let text = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const event of lines.map(JSON.parse)) {
      if (event.error) throw new Error(event.error);
      if (event.text !== undefined) text = event.text;
      show(event);
    }
  }
  if (text === null) throw new Error("the answer was cut off: is the server still running?");
  return text;
}

async function answerInto(panel, question, signal) {
  let text = "";
  try {
    return await ask(question, (event) => {
      if (event.ahead !== undefined) panel.status.textContent = event.ahead ? `${event.ahead} are before` : "";
      if (event.begun) panel.status.textContent = "looking at the picture ...";
      if (event.prompt) panel.prompt.textContent = event.prompt;
      if (event.piece) {
        panel.status.textContent = "reading ...";
        panel.plain.append(event.piece);
        text += event.piece;
        panel.look(text, true);
      }
      if (event.text !== undefined) {
        panel.status.textContent = summary(event);
        panel.plain.textContent = event.text;
        panel.look(event.text, false);
      }
    }, signal);
  } catch (error) {
    const isStopped = error.name === "AbortError";
    panel.status.textContent = isStopped ? "stopped" : error.message;
    panel.status.classList.toggle("bad", !isStopped);
    return null;
  }
}

function question() {
  return {
    pictures: pictures.map((picture) => picture.word),
    number: entry ? entry.number : null,
    format: document.querySelector("[name=kind]:checked").value === "format",
    box: pictures.length > 1 ? null : box,
    color: pictures.length > 1 ? null : $("color").value || null,
    crop: pictures.length < 2 && $("crop").checked,
    query: $("query").value.trim() || null,
  };
}

function setRunning(controller) {
  running = controller;
  $("read").disabled = running !== null;
  $("stop").hidden = running === null;
}

const readPictures = guarded(async () => {
  if (running) return;
  if (!pictures.length) throw new Error("there is no picture to read: add one");
  $("answers").replaceChildren();
  $("compared").hidden = true;
  const asked = question();
  setRunning(new AbortController());
  const texts = await Promise.all(
    about.models.map((_, model) => answerInto(newAnswer(model), { ...asked, model }, running.signal)),
  );
  setRunning(null);
  if (texts.length > 1 && texts.every((text) => text !== null)) await showDifferences(...texts);
});

async function showDifferences(first, second) {
  const { pieces } = await askJson("/compare", { first, second });
  const marked = (kind, text) => {
    const mark = document.createElement(kind);
    mark.textContent = text;
    return mark;
  };
  const nodes = pieces.flatMap(([one, other]) => {
    if (one === other) return [one];
    return [...(one ? [marked("del", one)] : []), ...(other ? [marked("ins", other)] : [])];
  });
  $("differences").replaceChildren(...(first === second ? ["both answers are equal"] : nodes));
  $("compared").hidden = false;
}

// ---- correcting

function swapText() {
  // A box has a text of its own; that of the whole picture comes back afterwards.
  if (box) {
    whole = $("text").value;
    $("text").value = "";
  } else {
    $("text").value = whole;
  }
  $("editor").querySelector("label").textContent = box ? "Text in the box" : "Text of the picture";
  look($("text").value, true);
}

let look = null;

function showCounts(counts) {
  const read = about.models.length && counts.read < counts.entries ? `, ${counts.read} read by the model` : "";
  const broken = counts.unreadable ? `, ${counts.unreadable} cannot be opened` : "";
  $("progress").textContent = `${counts.done} of ${counts.entries} done${broken}${read}`;
}

function showEntry(found) {
  showCounts(found.counts);
  entry = found.number === undefined ? null : found;
  edited = false;
  box = null;
  showBox();
  $("editor").hidden = entry === null;
  $("question").hidden = entry === null;
  if (!entry) {
    showPicture(null, "", "");
    tell("");
    $("progress").textContent += ": that is all. The rows are in the file; Ctrl-C in the terminal ends this.";
    return;
  }
  const number = entry.names.length > 1 ? ` (page 1 of ${entry.names.length})` : "";
  const name = entry.names[0] + number;
  const size = entry.width ? `: ${entry.width} x ${entry.height} pixels` : "";
  const picture = entry.width ? `/entries/${entry.number}/0` : null;
  showPicture(picture, `${name}${size}. ${entry.query.trim()}`, `picture to read: ${name}`);
  tell(entry.fault);
  if (entry.format !== null) document.querySelector(`[value=${entry.format ? "format" : "ocr"}]`).checked = true;
  for (const kind of document.querySelectorAll("[name=kind]")) kind.disabled = entry.format === null;
  showEntryPages();
  $("editor").querySelector("label").textContent = "Text of the picture";
  showReading();
  if (entry.text) document.activeElement.blur();
  else $("text").focus();
}

function showEntryPages() {
  // A document has a button for each page; a box is of a single picture.
  const buttons = entry.names.map((name, page) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur(); // of a mouse: the next Enter is to accept
      $("picture").src = `/entries/${entry.number}/${page}`;
      $("picture").alt = `picture to read: ${name}`;
    });
    item.append(button);
    return item;
  });
  const several = buttons.length > 1;
  $("pages").replaceChildren(...(several ? buttons : []));
  for (const id of ["corners", "clear"]) $(id).disabled = several;
  $("frame").style.pointerEvents = several ? "none" : "";
}

function showReading() {
  $("text").value = entry.text;
  whole = entry.text;
  let sure = "";
  if (entry.is_done) sure = "accepted; accept again to replace it";
  else if (entry.confidence !== null) sure = `the model is ${(100 * entry.confidence).toFixed(0)} % sure`;
  else if (about.models.length && !entry.is_read) sure = "the model has not read it yet";
  $("sure").textContent = sure;
  look(entry.text, false);
}

async function poll() {
  const open = entry;
  try {
    if (open && about.models.length) {
      const now = await askJson(`/entries/${open.number}`);
      showCounts(now.counts);
      if (entry === open && !open.is_read && now.is_read && !edited && !box) {
        entry = now;
        showReading();
        tell(now.fault);
      }
    }
  } catch {
    // the next action says that the server is gone
  }
  setTimeout(poll, POLL_MILLISECONDS);
}

function movingOn(work) {
  // One at a time: a second press of a key would accept what nobody has seen yet.
  return guarded(async () => {
    if (moving || !entry) return;
    moving = true;
    for (const button of $("editor").querySelectorAll("button")) button.disabled = true;
    try {
      await work();
    } finally {
      moving = false;
      for (const button of $("editor").querySelectorAll("button")) button.disabled = false;
    }
  });
}

const accept = movingOn(async () => {
  const { number, format } = question();
  const found = await askJson("/accept", { number, format, box, text: $("text").value });
  if (box) {
    const corners = box.join(",");
    setBox(null);
    showCounts(found.counts);
    tell(`a row was written for the box ${corners}; accept the whole picture, or draw another box`);
    return;
  }
  visited.push(number);
  showEntry(found);
});

const skip = movingOn(async () => {
  visited.push(entry.number);
  showEntry(await askJson("/skip", { number: entry.number }));
});

const back = movingOn(async () => {
  if (!visited.length) throw new Error("there is nothing before this one");
  showEntry(await askJson(`/entries/${visited[visited.length - 1]}`));
  visited.pop();
});

const readEntry = guarded(async () => {
  if (running || !entry || !about.models.length) return;
  const open = entry;
  let text = "";
  setRunning(new AbortController());
  try {
    $("sure").textContent = "reading ...";
    await ask({ ...question(), model: 0 }, (event) => {
      if (entry !== open) return running.abort();
      if (event.piece) text += event.piece;
      if (event.text !== undefined) [text, $("sure").textContent] = [event.text, summary(event)];
      if (event.piece || event.text !== undefined) {
        $("text").value = text;
        look(text, event.piece !== undefined);
      }
    }, running.signal);
    edited = true;
  } finally {
    setRunning(null);
  }
});

function edit() {
  $("text").focus();
  $("text").setSelectionRange($("text").value.length, $("text").value.length);
}

function keys(event) {
  const inText = event.target === $("text");
  if (inText && event.key === "Escape") return $("text").blur();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return about.labelling ? accept() : readPictures();
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  if (!about.labelling || !plain || event.target.closest("textarea, input:not([type=radio])")) return;
  if (event.key === "Enter" && event.target.closest("button")) return; // which it presses
  const action = { Enter: accept, e: edit, s: skip, b: back }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

// ---- the two pages

function startDemo() {
  $("files").addEventListener("change", () => addFiles([...$("files").files]));
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) addFiles(files);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => $("drop").classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    addFiles([...event.dataTransfer.files]);
  });
  const colors = about.colors.map((color) => new Option(color, color));
  $("color").append(...colors);
  $("title").textContent = `Reading with ${about.models.join(" and ")}`;
}

async function startLabelling() {
  for (const id of ["drop", "framed", "tiled", "asking"]) $(id).hidden = true;
  $("title").textContent = about.models.length ? `Correcting what ${about.models[0]} reads` : "What stands there?";
  $("read").textContent = "Read again";
  $("read").hidden = about.models.length === 0;
  look = looker($("look"));
  $("text").addEventListener("input", () => {
    edited = true;
    look($("text").value, true);
  });
  for (const [id, action] of Object.entries({ accept, skip, back, edit })) $(id).addEventListener("click", action);
  window.addEventListener("beforeunload", (event) => {
    if (edited) event.preventDefault();
  });
  showEntry(await askJson("/next"));
  poll();
}

guarded(async () => {
  about = await askJson("/state");
  document.title = about.labelling ? "GOT: correcting" : "GOT: trying";
  drawBoxes();
  $("question").addEventListener("submit", (event) => {
    event.preventDefault();
    (about.labelling ? readEntry : readPictures)();
  });
  $("stop").addEventListener("click", () => running && running.abort());
  document.addEventListener("keydown", keys);
  if (about.labelling) await startLabelling();
  else startDemo();
  document.body.dataset.ready = "yes";
})();
