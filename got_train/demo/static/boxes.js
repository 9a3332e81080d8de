// The picture that is shown, and the box that a visitor draws in it.
import { tell } from "./asking.js";
import { $, state } from "./state.js";

export function showPicture(source, caption, description, size = null) {
  state.size = size;
  $("stage").hidden = source === null;
  if (source !== null) $("picture").src = source;
  $("picture").alt = description;
  $("caption").textContent = caption;
  showBox();
}

export function allowBoxes(allowed) {
  for (const id of ["corners", "clear"]) $(id).disabled = !allowed;
  $("frame").style.pointerEvents = allowed ? "" : "none";
}

export function showBox() {
  const { box, size } = state;
  $("corners").value = box ? box.join(",") : "";
  $("box").hidden = !box || !size;
  if ($("box").hidden) return;
  const [left, top, right = left, bottom = top] = box;
  const place = { left: left / size.width, top: top / size.height };
  Object.assign(place, { width: (right - left) / size.width, height: (bottom - top) / size.height });
  for (const [side, value] of Object.entries(place)) $("box").style[side] = `${100 * value}%`;
}

export function setBox(value) {
  // The frame has an event `boxed` when there is a box where none was, or none where one was.
  const had = state.box !== null;
  state.box = value;
  showBox();
  if (had !== (value !== null)) $("frame").dispatchEvent(new Event("boxed"));
}

function placeOf(event) {
  // The pixel of the picture under the pointer, or the nearest one.
  const rect = $("picture").getBoundingClientRect();
  const part = (value, from, length) => Math.min(1, Math.max(0, (value - from) / length));
  return [
    Math.round(part(event.clientX, rect.left, rect.width) * state.size.width),
    Math.round(part(event.clientY, rect.top, rect.height) * state.size.height),
  ];
}

function boxBetween(start, end) {
  const [[left, right], [top, bottom]] = [0, 1].map((side) => [start[side], end[side]].sort((a, b) => a - b));
  return left < right && top < bottom ? [left, top, right, bottom] : null;
}

function readCorners() {
  const words = $("corners").value.split(/[\s,;]+/).filter(Boolean);
  const numbers = words.map(Number);
  const good = [0, 2, 4].includes(numbers.length) && numbers.every(Number.isFinite);
  tell(good ? "" : "a box is x1,y1,x2,y2 in pixels of the picture, a point x,y");
  if (good) setBox(numbers.length ? numbers : null);
}

export function drawBoxes() {
  // Lets the visitor draw, type and clear boxes.
  let start = null;
  $("frame").addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.size) return;
    event.preventDefault();
    start = placeOf(event);
    $("frame").setPointerCapture(event.pointerId);
  });
  $("frame").addEventListener("pointermove", (event) => {
    const drawn = start && boxBetween(start, placeOf(event));
    if (drawn) setBox(drawn);
  });
  $("frame").addEventListener("pointerup", (event) => {
    if (start && !boxBetween(start, placeOf(event))) setBox(null);
    start = null;
  });
  $("frame").addEventListener("pointercancel", () => (start = null));
  $("clear").addEventListener("click", () => setBox(null));
  $("corners").addEventListener("change", readCorners);
}
