/* What a person can press: the part of the night shown, the list of events. */

function show(from, length) {
  const most = Math.max(night.span, 1);
  const span = clamp(length, Math.min(SHORTEST_VIEW_S, most), most);
  view.from = clamp(from, 0, most - span);
  view.to = view.from + span;
  drawNight();
  listEvents();
}

function zoom(how) {
  const span = view.to - view.from, middle = view.from + span / 2;
  if (how === "whole") show(0, night.span);
  if (how === "in") show(middle - span / 4, span / 2);
  if (how === "out") show(middle - span, span * 2);
  if (how === "back") show(view.from - span / 2, span);
  if (how === "on") show(view.from + span / 2, span);
}

const rows = all(".events > li");

function listEvents() {
  const kinds = new Set(all("#filter input:checked").map((box) => box.value));
  let shown = 0;
  for (const row of all(".events > li")) {
    const { onset, kind, index } = row.dataset;
    const timed = night.events[index] !== null;
    const whole = view.to - view.from >= night.span;
    const inside = whole || (timed && Number(onset) >= view.from && Number(onset) <= view.to);
    row.hidden = !(inside && kinds.has(kind));
    row.classList.toggle("beyond", !row.hidden && !listedAll && ++shown > ROWS_AT_FIRST);
    if (listedAll && !row.hidden) shown++;
  }
  find("#listed").textContent = rows.length ? `${shown} of ${rows.length} events, from the time shown above.` : "";
  const more = find("#more");
  more.hidden = listedAll || shown <= ROWS_AT_FIRST;
  more.textContent = `Show all ${shown}`;
}

function sortBy(key, pressed) {
  const down = pressed.dataset.down === "no";
  all(".head button").forEach((other) => { other.setAttribute("aria-pressed", "false"); delete other.dataset.down; });
  pressed.setAttribute("aria-pressed", "true");
  pressed.dataset.down = down ? "yes" : "no";
  const list = find(".events");
  const by = (row) => Number(row.dataset[key]);
  const ordered = [...rows].sort((a, b) => by(a) - by(b) || Number(a.dataset.index) - Number(b.dataset.index));
  list.append(...(down ? ordered.reverse() : ordered));
  listEvents();
}

function openEvent(index) {
  const row = document.getElementById(`event-${index}`);
  row.hidden = false;
  row.classList.remove("beyond");
  find("details", row).open = true;
  find("summary", row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}

function filterBox(kind, position) {
  const label = document.createElement("label"), box = document.createElement("input");
  Object.assign(box, { type: "checkbox", checked: true, value: String(position) });
  box.addEventListener("change", listEvents);
  label.append(box, kind);
  return label;
}

// Arrow keys, plus, minus and 0 on the drawing; a mouse or a finger drawn across it chooses a part.
const KEYS = { ArrowLeft: "back", ArrowRight: "on", "+": "in", "=": "in", "-": "out", 0: "whole", Home: "whole" };

function timeAt(event) {
  const box = find("#timeline").getBoundingClientRect();
  const x = clamp(event.clientX - box.left, drawn.gutter, drawn.gutter + drawn.width);
  return view.from + ((x - drawn.gutter) / drawn.width) * (view.to - view.from);
}

function markChosen(from, to) {
  const at = (t) => drawn.gutter + (drawn.width * (t - view.from)) / (view.to - view.from);
  const node = find("#timeline .chosen");
  node.setAttribute("x", at(Math.min(from, to)));
  node.setAttribute("width", Math.abs(at(to) - at(from)));
}

function startTimeline() {
  const host = find("#timeline");
  let from = null;
  host.tabIndex = 0;
  host.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    zoom(KEYS[event.key]);
  });
  host.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    from = timeAt(event);
  });
  addEventListener("pointermove", (event) => { if (from !== null) markChosen(from, timeAt(event)); });
  addEventListener("pointercancel", () => { // the finger scrolls the page
    if (from !== null) markChosen(from, from);
    from = null;
  });
  addEventListener("pointerup", (event) => {
    if (from === null) return;
    const to = timeAt(event), first = from, span = Math.abs(to - from);
    from = null;
    markChosen(first, first);
    if ((span * drawn.width) / (view.to - view.from) > 8) show(Math.min(first, to), span);
  });
}

function start() {
  document.documentElement.classList.add("js");
  all(".controls").forEach((node) => { node.hidden = node.id === "filter" && !rows.length; });
  find("#filter").append(...night.names.map(filterBox));
  all("#zoom button").forEach((node) => node.addEventListener("click", () => zoom(node.dataset.zoom)));
  all("[data-sort]").forEach((node) => {
    const pressed = button(node.textContent, () => sortBy(node.dataset.sort, pressed));
    pressed.setAttribute("aria-pressed", String(node.dataset.sort === "onset"));
    if (node.dataset.sort === "onset") pressed.dataset.down = "no";
    node.replaceChildren(pressed);
  });
  all("[data-hour]").forEach((node) => {
    const pressed = button(node.textContent, () => show(Number(node.dataset.hour) * 3600, 3600));
    pressed.setAttribute("aria-label", `Show hour ${node.textContent} in the timeline`);
    node.replaceChildren(pressed);
  });
  for (const row of rows) {
    find("details", row).addEventListener("toggle", (event) => {
      if (event.target.open) drawWaveform(find(".wave", row), row.dataset.index);
    });
  }
  find("#more").addEventListener("click", () => { listedAll = true; listEvents(); });
  startTimeline();
  drawNight();
  listEvents();
  let drawnAt = find("#timeline").clientWidth;
  addEventListener("resize", () => {
    if (find("#timeline").clientWidth === drawnAt) return;
    drawnAt = find("#timeline").clientWidth;
    drawNight();
    all(".events details[open]").forEach((node) => drawWaveform(find(".wave", node), node.parentElement.dataset.index));
  });
}

start();
