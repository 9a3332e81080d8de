// Correcting what a model reads, entry by entry.
import { ask, askJson, guarded, isFormatted, stoppable, summary, tell } from "./asking.js";
import { allowBoxes, setBox, showPicture } from "./boxes.js";
import { looker } from "./rendering.js";
import { $, state } from "./state.js";

const POLL_MILLISECONDS = 2000; // between two questions for what the model has read

const look = looker($("look"));
const visited = []; // entries before this one
let whole = ""; // the text of the entry, while that of a box is written
let edited = false;
let moving = false; // whether an entry is being written or brought

// ---- what is shown

function setLabel(text) {
  $("editor").querySelector("label").textContent = text;
}

function swapText() {
  // A box has a text of its own; that of the whole picture comes back afterwards.
  if (!state.entry) return;
  if (state.box) {
    whole = $("text").value;
    $("text").value = "";
  } else {
    $("text").value = whole;
  }
  setLabel(state.box ? "Text in the box" : "Text of the picture");
  look($("text").value, true);
}

function showCounts(counts) {
  const read = state.about.models.length && counts.read < counts.entries ? `, ${counts.read} read by the model` : "";
  const broken = counts.unreadable ? `, ${counts.unreadable} cannot be opened` : "";
  $("progress").textContent = `${counts.done} of ${counts.entries} done${broken}${read}`;
}

function showEntry(found) {
  showCounts(found.counts);
  const entry = found.number === undefined ? null : found;
  state.entry = entry;
  state.box = null;
  edited = false;
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
  const caption = `${name}${size}. ${entry.query.trim()}`;
  showPicture(picture, caption, `picture to read: ${name}`, entry.width ? entry : null);
  tell(entry.fault);
  if (entry.format !== null) document.querySelector(`[value=${entry.format ? "format" : "ocr"}]`).checked = true;
  for (const kind of document.querySelectorAll("[name=kind]")) kind.disabled = entry.format === null;
  showPages();
  setLabel("Text of the picture");
  showReading();
  if (entry.text) document.activeElement.blur();
  else $("text").focus();
}

function showPages() {
  // A document has a button for each page; a box is of a single picture.
  const { entry } = state;
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
  allowBoxes(!several);
}

function showReading() {
  const { entry } = state;
  $("text").value = entry.text;
  whole = entry.text;
  let sure = "";
  if (entry.is_done) sure = `accepted${entry.text ? "" : " as a picture without text"}; accept again to replace it`;
  else if (entry.confidence !== null) sure = `the model is ${(100 * entry.confidence).toFixed(0)} % sure`;
  else if (state.about.models.length && !entry.is_read) sure = "the model has not read it yet";
  $("sure").textContent = sure;
  look(entry.text, false);
}

async function poll() {
  const open = state.entry;
  try {
    if (open && state.about.models.length) {
      const now = await askJson(`/entries/${open.number}`);
      showCounts(now.counts);
      if (state.entry === open && !open.is_read && now.is_read && !edited && !state.box) {
        state.entry = now;
        showReading();
        tell(now.fault);
      }
    }
  } catch {
    // the next action says that the server is gone
  }
  setTimeout(poll, POLL_MILLISECONDS);
}

// ---- what the visitor does

function question() {
  return { number: state.entry.number, format: isFormatted(), box: state.box };
}

function movingOn(work) {
  // One at a time: a second press of a key would accept what nobody has seen yet.
  return guarded(async () => {
    if (moving || !state.entry) return;
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

async function write(answer) {
  const { number } = state.entry;
  const corners = state.box && state.box.join(",");
  const found = await askJson("/accept", { ...question(), ...answer });
  if (corners) {
    setBox(null);
    showCounts(found.counts);
    tell(`a row was written for the box ${corners}; accept the whole picture, or draw another box`);
    return;
  }
  visited.push(number);
  showEntry(found);
}

const accept = movingOn(() => write({ text: $("text").value }));
const nothing = movingOn(() => write({ no_text: true })); // whatever the model has made up

const skip = movingOn(async () => {
  const { number } = state.entry;
  visited.push(number);
  showEntry(await askJson("/skip", { number }));
});

const back = movingOn(async () => {
  if (!visited.length) throw new Error("there is nothing before this one");
  showEntry(await askJson(`/entries/${visited[visited.length - 1]}`));
  visited.pop();
});

export const readEntry = guarded(async () => {
  if (!state.entry || !state.about.models.length) return;
  await stoppable(async (controller) => {
    const open = state.entry;
    let text = "";
    $("sure").textContent = "reading ...";
    await ask({ ...question(), model: 0 }, (event) => {
      if (state.entry !== open) return controller.abort();
      if (event.piece) text += event.piece;
      if (event.text !== undefined) [text, $("sure").textContent] = [event.text, summary(event)];
      if (event.piece || event.text !== undefined) {
        $("text").value = text;
        look(text, event.piece !== undefined);
      }
    }, controller.signal);
    edited = true;
  });
});

function edit() {
  $("text").focus();
  $("text").setSelectionRange($("text").value.length, $("text").value.length);
}

function keys(event) {
  if (event.target === $("text") && event.key === "Escape") return $("text").blur();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return accept();
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
  if (!plain || event.target.closest("textarea, input:not([type=radio])")) return;
  if (event.key === "Enter" && event.target.closest("button")) return; // which it presses
  const action = { Enter: accept, n: nothing, e: edit, s: skip, b: back }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

// ---- the start

export async function startCorrecting() {
  const { models } = state.about;
  for (const id of ["drop", "framed", "tiled", "asking"]) $(id).hidden = true;
  document.title = "GOT: correcting";
  $("title").textContent = models.length ? `Correcting what ${models[0]} reads` : "What stands there?";
  $("read").textContent = "Read again";
  $("read").hidden = models.length === 0;
  $("frame").addEventListener("boxed", swapText);
  $("text").addEventListener("input", () => {
    edited = true;
    look($("text").value, true);
  });
  for (const [id, action] of Object.entries({ accept, nothing, skip, back, edit })) $(id).addEventListener("click", action);
  document.addEventListener("keydown", keys);
  window.addEventListener("beforeunload", (event) => {
    if (edited) event.preventDefault();
  });
  showEntry(await askJson("/next"));
  poll();
}
