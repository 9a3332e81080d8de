// The page: it shows pictures, asks about them, and shows or corrects what is read. Texts of models and visitors
// become text nodes; what a text looks like is drawn by the server and shown in a frame that runs nothing.
import { askJson, guarded, stop } from "./asking.js";
import { drawBoxes } from "./boxes.js";
import { readEntry, startCorrecting } from "./correcting.js";
import { $, state } from "./state.js";
import { readPictures, startTrying } from "./trying.js";

guarded(async () => {
  state.about = await askJson("/state");
  const [start, read] = state.about.labelling ? [startCorrecting, readEntry] : [startTrying, readPictures];
  drawBoxes();
  $("stop").addEventListener("click", stop);
  $("question").addEventListener("submit", (event) => {
    event.preventDefault();
    read();
  });
  await start();
  document.body.dataset.ready = "yes";
})();
