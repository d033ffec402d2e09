"use strict";
document.documentElement.classList.add("js");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const FRAME_S = 1 / 25, NEAR_S = 0.25;

function clock(seconds) {
  const hundredths = Math.round(seconds * 100), minutes = Math.floor(hundredths / 6000);
  return `${minutes}:${((hundredths % 6000) / 100).toFixed(2).padStart(5, "0")}`;
}

/* One film: its player, its time line and its table of events move together. */
function connect(card) {
  const video = card.querySelector("video"), lanes = card.querySelector(".lanes");
  const rows = all("tr[data-s]", card), times = rows.map(row => +row.dataset.s);
  const reading = card.querySelector(".reading");
  if (video) connectPlayer(card, video);
  if (!lanes) return;
  const duration = +lanes.dataset.duration;
  let now = 0;

  function near(time) {
    const distances = times.map(t => Math.abs(t - time)), least = Math.min(...distances, Infinity);
    return least <= NEAR_S ? rows[distances.indexOf(least)] : null;
  }
  function describe(time) {
    const row = near(time);
    const event = row ? `, at ${[...row.cells].map(cell => cell.textContent.trim()).filter(Boolean).join(", ")}` : "";
    return `${clock(time)} of ${clock(duration)}${event}`;
  }
  function show(time) {
    now = Math.min(Math.max(time, 0), duration);
    lanes.style.setProperty("--at", `${100 * now / duration}%`);
    lanes.setAttribute("aria-valuenow", now.toFixed(2));
    lanes.setAttribute("aria-valuetext", describe(now));
    reading.textContent = describe(now);
    const passed = times.filter(t => t <= now + FRAME_S).length - 1;
    rows.forEach((row, i) => i === passed ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current"));
  }
  function seek(time) {
    show(time);
    if (!video) return;
    if (!video.readyState) video.preload = "auto";
    video.currentTime = now;
  }
  function follow() {
    show(video.currentTime);
    if (!video.paused && !video.ended) requestAnimationFrame(follow);
  }
  const timeAt = event => {
    const box = lanes.getBoundingClientRect();
    return duration * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  const keys = {
    ArrowRight: e => seek(now + (e.shiftKey ? FRAME_S : 1)), ArrowLeft: e => seek(now - (e.shiftKey ? FRAME_S : 1)),
    ArrowUp: () => seek(now + 1), ArrowDown: () => seek(now - 1),
    PageDown: () => seek(times.find(t => t > now + 0.02) ?? duration),
    PageUp: () => seek(times.filter(t => t < now - 0.02).pop() ?? 0),
    Home: () => seek(0), End: () => seek(duration),
    " ": () => video && (video.paused ? video.play() : video.pause()),
  };
  lanes.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key](event);
  });
  lanes.addEventListener("pointerdown", event => { lanes.setPointerCapture(event.pointerId); seek(timeAt(event)); });
  lanes.addEventListener("pointermove", event => {
    if (lanes.hasPointerCapture(event.pointerId)) seek(timeAt(event));
    else reading.textContent = describe(timeAt(event));
  });
  lanes.addEventListener("pointerleave", () => { reading.textContent = describe(now); });
  rows.forEach((row, i) => row.querySelector("button").addEventListener("click", () => seek(times[i])));
  if (video) {
    for (const name of ["play", "seeked"]) video.addEventListener(name, follow);
  }
  show(0);
}

function connectPlayer(card, video) {
  video.addEventListener("play", () => {
    const others = all("video").filter(other => other !== video), running = others.find(other => !other.paused);
    if (running && running.dataset.film === video.dataset.film) {  // another take of the same film
      video.currentTime = running.currentTime;
    }
    others.forEach(other => other.pause());
    lastTake = video;
    showTake();
  });
  video.addEventListener("pause", showTake);
  video.addEventListener("error", () => { card.querySelector(".unplayable").hidden = false; });
}

/* The takes of one film: a button each, which starts it or goes on with it where the last one is. */
let lastTake = null;
const takeButtons = all(".takes button");

function takeVideo(number) {
  return document.querySelector(`.card[data-take="${number}"] video`);
}
function showTake() {
  takeButtons.forEach(button => button.setAttribute("aria-pressed", takeVideo(button.dataset.take)?.paused === false));
}
function switchTo(number) {
  const video = takeVideo(number);
  if (!video) return;
  if (!video.paused) {
    video.pause();
    return;
  }
  if (lastTake && lastTake !== video) video.currentTime = lastTake.ended ? 0 : lastTake.currentTime;
  video.play();
  video.closest(".card").scrollIntoView({ block: "start" });
}
takeButtons.forEach(button => button.addEventListener("click", () => switchTo(button.dataset.take)));

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no permission: the old way
    const field = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

/* The bar: which films are shown, in which order. */
const form = document.querySelector(".bar form"), list = document.querySelector(".films");
const cards = all(".card"), shown = () => all(".card").filter(card => !card.parentElement.hidden);

function filter() {
  const text = form.text.value.trim().toLowerCase(), status = form.status?.value, style = form.style?.value;
  for (const card of cards) {
    const { dataset } = card;
    const fits = dataset.text.includes(text) && (!status || dataset.status === status) && (!style || dataset.style === style);
    if (!fits) card.querySelector("video")?.pause();
    card.parentElement.hidden = !fits;
  }
  const n = shown().length;
  form.querySelector("output").textContent = n === cards.length ? "" : `${n} of ${cards.length}`;
  document.querySelector(".none").hidden = n > 0;
}

function sort() {
  const by = form.sort.value, sign = form.turn.getAttribute("aria-pressed") === "true" ? -1 : 1;
  const value = card => card.dataset[by];
  const compare = (a, b) => by === "name" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
  list.append(...[...cards].sort((a, b) => {  // what has no value comes last, either way round
    if (!value(a) || !value(b)) return !value(a) - !value(b);
    return sign * compare(value(a), value(b));
  }).map(card => card.parentElement));
}

function step(by) {
  const there = shown(), here = there.indexOf(document.activeElement.closest(".card"));
  const next = there[here < 0 ? 0 : Math.min(Math.max(here + by, 0), there.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "start" });
}

form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("input", filter);
form.sort.addEventListener("change", sort);
form.turn.addEventListener("click", () => {
  form.turn.setAttribute("aria-pressed", form.turn.getAttribute("aria-pressed") !== "true");
  sort();
});
document.addEventListener("keydown", event => {
  if (event.key === "Escape" && form.text.value) {
    form.text.value = "";
    filter();
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input[type=search], select")) return;
  if (takeButtons.length && event.key === "Escape") all("video").forEach(video => video.pause());
  if (takeButtons.length && takeVideo(event.key)) switchTo(event.key);
  const does = { "/": () => form.text.focus(), j: () => step(1), k: () => step(-1) }[event.key];
  if (does) {
    event.preventDefault();
    does();
  }
});
all(".command button").forEach(button =>
  button.addEventListener("click", () => copy(button.previousElementSibling.textContent, button)));
addEventListener("beforeprint", () => all("details:not([open])").forEach(part => { part.open = part.dataset.printed = true; }));
addEventListener("afterprint", () => all("details[data-printed]").forEach(part => { part.open = false; delete part.dataset.printed; }));
cards.forEach(connect);
filter();
