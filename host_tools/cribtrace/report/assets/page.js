"use strict";
/* Draws what the page already says in numbers. Text goes in as text nodes only, never as markup. */

const night = JSON.parse(document.getElementById("night").textContent);
const SVG = "http://www.w3.org/2000/svg";
// One class for each kind, as report_parts.SHAPES has them.
const SHAPES = {
  twitch: "k0", limb_move: "k1", gross: "k2", rhythmic_bout: "k4", rhythmic_large: "k5",
  startle_like: "k6", handling: "k7", environment: "k8",
};
const SHORTEST_VIEW_S = 60;
const ROWS_AT_FIRST = 40;
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const view = { from: 0, to: Math.max(night.span, 1) };
let listedAll = false;

function draw(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function button(text, pressed) {
  const node = document.createElement("button");
  node.type = "button";
  node.append(text);
  node.addEventListener("click", pressed);
  return node;
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function hms(seconds, tenths = false) {
  const whole = tenths ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const rest = tenths ? (whole % 60).toFixed(1).padStart(4, "0") : two(whole % 60);
  return `${Math.floor(whole / 3600)}:${two((whole / 60) % 60)}:${rest}`;
}

const kindClass = (kind) => SHAPES[night.kinds[kind]] || "k3";
