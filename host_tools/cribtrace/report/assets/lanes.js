/* What the lanes of the night hold: events, what belongs together, states, marks, holes. */

const laneOf = (rows, name) => rows.find((lane) => lane.name === name);

function inView(from, to) {
  return to >= view.from && from <= view.to;
}

// A bar in a lane; `least` is how wide it is drawn at the least.
function bar(x, from, to, middle, tall, least) {
  const left = x(Math.max(from, view.from)), right = x(Math.min(to, view.to));
  return { x: left, y: middle - tall / 2, width: Math.max(right - left, least), height: tall };
}

function eventShape(kind, x, x2, middle) {
  const until = Math.max(x2, x + 3);
  const y = (above) => middle - above;
  switch (kindClass(kind)) {
    case "k0": return `M${x - 0.75} ${y(6)}h1.5v12h-1.5z`;
    case "k1": return `M${x} ${y(5)}l5 5-5 5-5-5z`;
    case "k2": return `M${x} ${y(5)}H${until}v10H${x}z`;
    case "k4": return bars(x, until, middle, 6);
    case "k5": return bars(x, until, middle, 10);
    case "k6": return `M${x} ${y(6)}l5 11h-10z`;
    case "k7": return `M${x} ${y(5)}H${until}v2H${x}zM${x} ${y(-3)}H${until}v2H${x}z`;
    case "k8": return `M${x} ${y(1)}H${until}v2H${x}z`;
    default: return `M${x} ${y(4)}a4 4 0 1 0 .01 0z`;
  }
}

// Regular movement: upright bars, three at least, as far apart as they stay apart on the screen.
function bars(x, until, middle, tall) {
  const count = Math.max(3, Math.floor((until - x) / 4) + 1);
  const step = Math.max(4, (until - x) / (count - 1));
  return Array.from({ length: count }, (_, i) => `M${(x + i * step - 1).toFixed(1)} ${middle - tall / 2}h2v${tall}h-2z`).join("");
}

function drawEvents(svg, rows, x) {
  night.events.forEach((event, index) => {
    if (!event || !inView(event[0], event[1])) return;
    const [from, to, kind] = event;
    const said = `${night.names[kind]}, ${hms(from, true)}`;
    const node = draw("path",
      { class: `event ${kindClass(kind)}`, "data-event": index, d: eventShape(kind, x(Math.max(from, view.from)), x(Math.min(to, view.to)), rows[kind].middle) },
      draw("title", {}, said));
    node.addEventListener("click", () => openEvent(index));
    svg.append(node);
  });
}

function drawHidden(svg, lane, x, bottom) {
  for (const [from, to, why] of night.hidden) {
    if (!inView(from, to)) continue;
    const box = bar(x, from, to, lane.middle, 12, 1);
    svg.append(draw("rect", { x: box.x, y: 0, width: box.width, height: bottom, class: "hatch hidden-time" }));
    svg.append(draw("rect",
      { x: box.x - (box.width < 4 ? 2 : 0), y: box.y, width: Math.max(box.width, 4), height: 12, class: "uncovered" },
      draw("title", {}, `not covered from ${hms(from, true)} to ${hms(to, true)}: ${why}`)));
  }
}

// Hands, floor and machines: a pale band over everything, so that what moved then is seen with it.
function drawDisturbed(svg, x, bottom) {
  for (const event of night.events) {
    if (!event || !night.disturbing.includes(event[2]) || !inView(event[0], event[1])) continue;
    const box = bar(x, event[0], event[1], 0, 0, 2);
    svg.append(draw("rect", { x: box.x, y: 0, width: box.width, height: bottom, class: "disturbed" }));
  }
}

const STATES = ["likely asleep", "likely awake", "no motion seen", "crib empty, by tilt"];

function drawStates(svg, lane, x) {
  const stretches = [...night.states, ...night.empty.map(([from, to]) => [from, to, 3])];
  for (const [from, to, state] of stretches) {
    if (!inView(from, to)) continue;
    svg.append(draw("rect", { ...bar(x, from, to, lane.middle, 10, 1), class: `state s${state}` },
      draw("title", {}, `${STATES[state]}, ${hms(from)} to ${hms(to)}`)));
  }
}

function drawTogether(svg, lane, x) {
  for (const [from, to, bout, what] of night.patterns) {
    if (!inView(from, to)) continue;
    const shape = bar(x, from, to, lane.middle, bout ? 10 : 4, 3);
    svg.append(draw("rect", { ...shape, class: bout ? "together bout" : "together" },
      draw("title", {}, `${what}, ${hms(from)}`)));
  }
}

function drawMarks(svg, lane, x) {
  if (!lane) return;
  const flags = [...night.marks.map(([t, text]) => [t, `mark at ${hms(t)}: ${text}`, "flag"]),
    ...night.notes.map(([t, text]) => [t, `note at ${hms(t)}: ${text}`, "flag note"])];
  for (const [t, said, name] of flags) {
    if (!inView(t, t)) continue;
    const d = name === "flag" ? `M${x(t)} ${lane.middle + 6}v-12l8 4-8 4z` : `M${x(t)} ${lane.middle - 5}h8v10h-8z`;
    svg.append(draw("path", { class: name, d }, draw("title", {}, said)));
  }
}
