// What a text looks like: drawn by the server, and shown in a frame that runs nothing.
import { post, tell } from "./asking.js";

const LOOK_MILLISECONDS = 600; // between two looks at a text that still grows
const MOST_FRAME_PIXELS = 4000;

export function looker(frame) {
  // Returns what shows a text in the frame; of texts that come while one is drawn, the last is drawn next.
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
