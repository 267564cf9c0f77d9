// Puts any versions side by side, by the file of them that was made with the page. Texts are set, never parsed as HTML.
"use strict";

const choices = document.querySelector("[data-compare]");
const compared = document.querySelector("[data-compared]");
const said = choices.querySelector("[data-status]");
const [fewest, most] = [Number(choices.dataset.fewest), Number(choices.dataset.most)];
let known;

function chosen() {
  return [...choices.querySelectorAll("input:checked")].map((box) => box.value);
}

function cell(kind, text) {
  const made = document.createElement(kind);
  if (kind === "th") made.scope = "row";
  made.textContent = text;
  return made;
}

function number(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : "–";
}

function row(name, values) {
  const made = document.createElement("tr");
  made.append(cell("th", name), ...values.map((value) => cell("td", value)));
  return made;
}

function table(versions) {
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Comparison");
  const made = document.createElement("table");
  const head = document.createElement("thead").appendChild(document.createElement("tr"));
  for (const title of ["Version", ...versions.map((each) => each.version)]) {
    const heading = cell("th", title);
    heading.scope = "col";
    head.append(heading);
  }
  const body = document.createElement("tbody");
  body.append(
    row("Stage", versions.map((each) => each.stage)),
    row("Created", versions.map((each) => each.created_at.slice(0, 10))),
    row("Size in bytes", versions.map((each) => each.size.toLocaleString("en"))));
  const named = (part) => [...new Set(versions.flatMap((each) => Object.keys(each[part])))];
  for (const name of named("metrics")) {
    body.append(row(name, versions.map((each) => number(each.metrics[name]))));
  }
  for (const name of named("hyperparameters")) {
    const values = versions.map((each) => each.hyperparameters[name] ?? "–");
    if (new Set(values).size > 1) body.append(row(`${name} (hyperparameter)`, values));
  }
  made.append(head.parentElement, body);
  box.append(made);
  return box;
}

async function show() {
  const names = chosen();
  if (names.length < fewest || names.length > most) {
    said.textContent = `Choose ${fewest} to ${most} versions; ${names.length} are chosen.`;
    return;
  }
  try {
    known ??= (await (await fetch(choices.dataset.compare)).json()).versions;
  } catch {
    said.textContent = "The versions could not be read here: use the rollbook compare command.";
    return;
  }
  const versions = names.map((name) => known.find((each) => each.version === name)).filter(Boolean);
  if (versions.length < names.length) {
    said.textContent = "Not all of these can be compared here: use the rollbook compare command.";
    return;
  }
  compared.replaceChildren(table(versions));
  said.textContent = `${versions.length} versions are compared below.`;
}

choices.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
