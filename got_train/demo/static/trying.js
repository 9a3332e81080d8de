// Trying a model, or two side by side, on pictures of the visitor.
import { ask, askJson, guarded, isFormatted, send, stoppable, summary, tell } from "./asking.js";
import { allowBoxes, setBox, showPicture } from "./boxes.js";
import { looker } from "./rendering.js";
import { $, state } from "./state.js";

let chosen = 0; // the picture that is shown

// ---- pictures

function pageItem(picture, number) {
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
    state.pictures.splice(number, 1);
    choose(Math.min(chosen, state.pictures.length - 1));
  });
  item.append(name, remove);
  return item;
}

function choose(number) {
  chosen = Math.max(number, 0);
  const { pictures } = state;
  const several = pictures.length > 1;
  setBox(null);
  $("pages").replaceChildren(...pictures.map(pageItem));
  allowBoxes(!several);
  for (const id of ["color", "crop"]) $(id).disabled = several;
  const picture = pictures[chosen];
  if (!picture) return showPicture(null, "", "");
  const pages = several ? `; ${pictures.length} pages are read as one document` : "";
  const caption = `${picture.name}: ${picture.width} x ${picture.height} pixels${pages}`;
  showPicture(`/pictures/${picture.word}`, caption, `picture to read: ${picture.name}`, picture);
}

async function addFile(file) {
  // Returns what is to be said of it.
  const { about, pictures } = state;
  if (file.size > about.max_bytes) throw new Error(`the file is too large: ${about.max_bytes >> 20} MiB are taken`);
  const found = await (await send(`/pictures?name=${encodeURIComponent(file.name)}`, file)).json();
  const room = about.max_pages - pictures.length;
  const isFull = found.pictures.length > room;
  pictures.push(...found.pictures.slice(0, room));
  return [isFull && `${about.max_pages} pages are read at once: the rest was left out`, found.note].filter(Boolean);
}

const addFiles = guarded(async (files) => {
  const notes = [];
  for (const file of files) {
    $("progress").textContent = `reading ${file.name} ...`;
    try {
      notes.push(...(await addFile(file)));
    } catch (error) {
      notes.push(error.message.includes(file.name) ? error.message : `${file.name}: ${error.message}`);
    }
  }
  $("progress").textContent = "";
  $("files").value = "";
  if (state.pictures.length) choose(state.pictures.length > 1 ? chosen : 0);
  tell(notes.join("; "));
});

// ---- answers

function newAnswer(number) {
  const article = $("answer").content.cloneNode(true).querySelector("article");
  const part = (selector) => article.querySelector(selector);
  part("h2").textContent = state.about.models[number];
  $("answers").append(article);
  const look = looker(part("iframe"));
  return { status: part(".status"), plain: part(".plain"), prompt: part(".prompt"), look };
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
  const { pictures, box } = state;
  const several = pictures.length > 1;
  return {
    pictures: pictures.map((picture) => picture.word),
    format: isFormatted(),
    box: several ? null : box,
    color: several ? null : $("color").value || null,
    crop: !several && $("crop").checked,
    query: $("query").value.trim() || null,
  };
}

function readByAll({ signal }) {
  // The text of each model; null for one that was stopped or failed.
  $("answers").replaceChildren();
  $("compared").hidden = true;
  const asked = question();
  return Promise.all(state.about.models.map((_, model) => answerInto(newAnswer(model), { ...asked, model }, signal)));
}

export const readPictures = guarded(async () => {
  if (!state.pictures.length) throw new Error("there is no picture to read: add one");
  const texts = await stoppable(readByAll);
  if (texts && texts.length > 1 && texts.every((text) => text !== null)) await showDifferences(...texts);
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

// ---- the start

export function startTrying() {
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
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    readPictures();
  });
  $("color").append(...state.about.colors.map((color) => new Option(color, color)));
  document.title = "GOT: trying";
  $("title").textContent = `Reading with ${state.about.models.join(" and ")}`;
}
