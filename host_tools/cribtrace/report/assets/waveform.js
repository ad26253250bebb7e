/* One event's waveform, three axes. */

function trace(values, x, y) {
  return values.reduce((path, value, i) => `${path}${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`, "");
}

function scaleFor(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-3)));
  return [1, 2, 5, 10].map((step) => step * power).find((value) => value >= most) || most;
}

function waveformAxes(wave) {
  return wave.xyz.map((text) => {
    const raw = bytes(text), reader = new DataView(raw.buffer);
    return Array.from({ length: wave.n }, (_, i) => reader.getInt16(2 * i, true) * wave.step);
  });
}

function drawAxis(svg, name, values, strong, box) {
  const y = (value) => box.middle - (value * box.half) / box.scale;
  svg.append(draw("line", { x1: box.left, x2: box.right, y1: box.middle, y2: box.middle, class: "rule" }));
  svg.append(draw("text", { x: 0, y: box.middle + 4 }, name));
  svg.append(draw("text", { x: box.left - 6, y: box.middle - box.half + 10, "text-anchor": "end" }, `+${box.scale}`));
  svg.append(draw("text", { x: box.left - 6, y: box.middle + box.half, "text-anchor": "end" }, `−${box.scale}`));
  svg.append(draw("path", { class: `trace axis-${name}${strong ? " strong" : ""}`, d: trace(values, box.x, y) }));
}

function drawWaveform(host, index) {
  const wave = night.waveforms[index], event = night.events[index];
  if (!wave || !event) { host.textContent = "No waveform is stored for this event."; return; }
  const axes = waveformAxes(wave), peaks = axes.map((values) => Math.max(...values.map(Math.abs)));
  const scale = Number(scaleFor(Math.max(...peaks)).toPrecision(1));
  const right = Math.max(240, host.clientWidth), left = 52, half = 28, gap = 20, bottom = 3 * (2 * half + gap) - gap;
  const seconds = (wave.n - 1) * wave.dt || 1;
  const at = (t) => left + ((right - left - 4) * (t - wave.from)) / seconds;
  const svg = draw("svg", { viewBox: `0 0 ${right} ${bottom + 44}`, role: "img" },
    draw("title", {}, `Waveform from ${wave.from.toFixed(1)} s to ${(wave.from + seconds).toFixed(1)} s around the onset; largest x ${peaks[0].toFixed(1)}, y ${peaks[1].toFixed(1)}, z ${peaks[2].toFixed(1)} mg.`));
  const start = clamp(at(0), left, right), end = clamp(at(event[1] - event[0]), left, right);
  svg.append(draw("rect", { class: "during", x: start, y: 0, width: Math.max(1, end - start), height: bottom }));
  axes.forEach((values, i) => drawAxis(svg, "xyz"[i], values, peaks[i] === Math.max(...peaks),
    { left, right, half, scale, middle: half + i * (2 * half + gap), x: (n) => at(wave.from + n * wave.dt) }));
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60].find((value) => (value * (right - left)) / seconds >= 52) || 120;
  for (let n = Math.ceil(wave.from / step); n * step <= wave.from + seconds; n++) {
    svg.append(draw("text", { x: at(n * step), y: bottom + 18, "text-anchor": "middle" }, `${Number((n * step).toFixed(1))} s`.replace("-", "−")));
  }
  const drawn = wave.n < wave.of ? `; the extremes of ${wave.of} samples` : "";
  svg.append(draw("text", { x: 0, y: bottom + 38 }, `mg about each axis’s own median; 0 s is the onset; ${Number(wave.rate.toFixed(1))} Hz${drawn}`));
  host.replaceChildren(svg);
}
