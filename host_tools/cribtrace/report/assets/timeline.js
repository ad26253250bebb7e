/* The night: activity, events, marks and what was not covered, for the time in view. */

const CHART = { top: 8, height: 124 };
const LANES_TOP = CHART.top + CHART.height + 12;
// Of each second: its motion in multiples of the noise (-1: not known), and what it had to reach.
const motion = new Float32Array(Math.ceil(night.span) + 1).fill(-1);
const reached = new Uint8Array(motion.length);
const needed = new Float32Array(motion.length);
for (const [onset, text, least] of night.levels) {
  bytes(text).forEach((code, i) => {
    const second = Math.floor(onset) + i;
    if (second < 0 || second >= motion.length) return;
    motion[second] = Math.max(motion[second], night.motion[code]);
    reached[second] = reached[second] || code >= least;
    needed[second] = night.motion[least];
  });
}
// From the noise (1) up. A night without movement is not drawn larger for that: 64 at the least.
const octaves = Math.max(6, 2 * Math.ceil(Math.log2(motion.reduce((most, value) => Math.max(most, value), 1)) / 2));

let drawn = { gutter: 0, width: 1, right: 1 }; // where the time in view lies in the drawing

function heightOf(value) {
  return CHART.top + CHART.height * (1 - clamp(Math.log2(Math.max(value, 1)) / octaves, 0, 1));
}

function hatch() {
  return draw("defs", {}, draw("pattern",
    { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    draw("rect", { width: 6, height: 6, class: "veil" }),
    draw("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "stroke" })));
}

// The strongest second of each column of pixels; `alone`: of those that reached the threshold.
function activityPath(x0, width, alone) {
  const foot = CHART.top + CHART.height;
  const perPixel = (view.to - view.from) / width;
  let path = "", open = false;
  for (let column = 0; column < width; column++) {
    const from = Math.floor(view.from + column * perPixel);
    const to = Math.max(from + 1, Math.ceil(view.from + (column + 1) * perPixel));
    let most = -1;
    for (let second = Math.max(0, from); second < to && second < motion.length; second++) {
      if (motion[second] > most && (!alone || reached[second])) most = motion[second];
    }
    if (most < 0) { if (open) path += `V${foot}Z`; open = false; continue; }
    const y = heightOf(most).toFixed(1);
    path += open ? `V${y}H${x0 + column + 1}` : `M${x0 + column} ${foot}V${y}H${x0 + column + 1}`;
    open = true;
  }
  return open ? `${path}V${foot}Z` : path;
}

function thresholdPath(x0, width) {
  const perPixel = (view.to - view.from) / width;
  let path = "", last = 0;
  for (let column = 0; column < width; column++) {
    const value = needed[Math.floor(view.from + column * perPixel)] || 0;
    if (value) {
      if (value !== last) path += `${last ? "V" : `M${x0 + column} `}${heightOf(value).toFixed(1)}`;
      path += `H${x0 + column + 1}`;
    }
    last = value;
  }
  return path;
}

function drawActivity(svg, gutter, width, right) {
  const threshold = needed.subarray(Math.floor(view.from)).find((value) => value > 0);
  const ticks = [[1, "noise level"]];
  if (threshold) ticks.push([threshold, "threshold"]);
  for (let power = 4; power <= octaves; power += 2) ticks.push([2 ** power, `${2 ** power} × noise`]);
  let above = Infinity;
  for (const [value, said] of ticks) {
    const y = heightOf(value);
    if (above - y < 12) continue;
    above = y;
    svg.append(draw("line", { x1: gutter, x2: right, y1: y, y2: y, class: "rule" }));
    svg.append(draw("text", { x: gutter - 6, y: y + 4, "text-anchor": "end", class: "scale" }, said));
  }
  svg.append(draw("path", { class: "activity", d: activityPath(gutter, width, false) }));
  svg.append(draw("path", { class: "activity reached", d: activityPath(gutter, width, true) }));
  svg.append(draw("path", { class: "threshold", d: thresholdPath(gutter, width) }));
}

function tickStep(width) {
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400];
  return steps.find((step) => (step * width) / (view.to - view.from) >= 60) || 172800;
}

function axis(svg, x, width, bottom, right) {
  const step = tickStep(width);
  const text = (at, y, said) => {
    const place = at > right - 16 ? "end" : at < 16 ? "start" : "middle";
    svg.append(draw("text", { x: clamp(at, 0, right), y, "text-anchor": place }, said));
  };
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    svg.append(draw("line", { x1: x(t), x2: x(t), y1: 0, y2: bottom + 4, class: "rule" }));
    text(x(t), bottom + 18, step < 60 ? hms(t) : hms(t).slice(0, -3));
    if (night.start !== null) {
      const ahead = night.offsets.filter(([from]) => from <= t).pop()[1];
      const clock = new Date((night.start + t + ahead) * 1000).toISOString();
      const shown = clock.slice(11, step < 60 ? 19 : 16);
      text(x(t), bottom + 34, night.about ? `~${shown}` : shown);
    }
  }
}

function lanes() {
  const names = [...night.names, "together", "state",
    ...(night.marks.length || night.notes.length ? ["marks, notes"] : []), "not covered"];
  return names.map((name, i) => ({ name, middle: LANES_TOP + i * 24 + 12 }));
}

function drawLane(svg, lane, gutter, right) {
  svg.append(draw("text", { x: 0, y: lane.middle + 4 }, lane.name));
  svg.append(draw("line", { x1: gutter, x2: right, y1: lane.middle, y2: lane.middle, class: "rule" }));
}

function drawNight() {
  const host = find("#timeline");
  const right = Math.max(200, host.clientWidth);
  const gutter = right >= 640 ? 104 : 98;
  const width = Math.floor(right - gutter - 1);
  const x = (t) => gutter + (width * (t - view.from)) / (view.to - view.from);
  const rows = lanes(), bottom = rows[rows.length - 1].middle + 14;
  const shown = night.events.filter((event) => event && event[0] >= view.from && event[0] <= view.to).length;
  const height = bottom + (night.start === null ? 22 : 38);
  const svg = draw("svg", { viewBox: `0 0 ${right} ${height}`, role: "img", "aria-labelledby": "drawn-title" },
    draw("title", { id: "drawn-title" },
      `Timeline from ${hms(view.from)} to ${hms(view.to)} since the start: activity of each second beside the threshold, ${shown} events by kind, what belongs together, likely states, and the time not covered.`),
    hatch());
  axis(svg, x, width, bottom, right);
  rows.forEach((lane) => drawLane(svg, lane, gutter, right));
  drawDisturbed(svg, x, bottom);
  drawHidden(svg, laneOf(rows, "not covered"), x, bottom);
  drawActivity(svg, gutter, width, right);
  drawStates(svg, laneOf(rows, "state"), x);
  drawTogether(svg, laneOf(rows, "together"), x);
  drawMarks(svg, laneOf(rows, "marks, notes"), x);
  drawEvents(svg, rows, x);
  svg.append(draw("rect", { class: "chosen", y: 0, height: bottom, width: 0, x: 0 }));
  host.replaceChildren(svg);
  drawn = { gutter, width, right };
  find("#in-view").textContent = `${hms(view.from)} to ${hms(view.to)} since the start`;
}
