// Requests to the server, questions to a model, and what the visitor is told when one fails.
import { $ } from "./state.js";

let running = null; // stops the questions that are being answered

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

export const send = (url, body, options = {}) => request(url, { method: "POST", body, ...options });
export const post = (url, body, options = {}) => send(url, JSON.stringify(body), options);
export const askJson = async (url, body) => (await (body === undefined ? request(url) : post(url, body))).json();

export function tell(text) {
  $("message").textContent = text;
  $("message").hidden = text === "";
}

export function guarded(work) {
  return async (...given) => {
    tell("");
    try {
      return await work(...given);
    } catch (error) {
      if (error.name !== "AbortError") tell(error.message);
    }
  };
}

export async function ask(question, show, signal) {
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

export function summary(end) {
  const seconds = (value) => `${value.toFixed(1)} s`;
  const rate = end.tokens / end.seconds;
  const sure = `${(100 * end.confidence).toFixed(0)} % sure`;
  return `${end.tokens} tokens in ${seconds(end.seconds)} (the first after ${seconds(end.first || 0)}), ` +
    `${rate.toFixed(1)} tokens a second, ${sure}`;
}

export const isFormatted = () => document.querySelector("[name=kind]:checked").value === "format";

function setRunning(controller) {
  running = controller;
  $("read").disabled = running !== null;
  $("stop").hidden = running === null;
}

export async function stoppable(work) {
  // Runs what asks questions, unless others are being answered; `stop` aborts its controller.
  if (running) return undefined;
  setRunning(new AbortController());
  try {
    return await work(running);
  } finally {
    setRunning(null);
  }
}

export const stop = () => running && running.abort();
