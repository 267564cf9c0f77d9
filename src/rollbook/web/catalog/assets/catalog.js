// What a page can do beyond being read: copying, searching, and links that work from a folder on disk.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.firstChild;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
      label.data = "Copied";
    } catch {
      label.data = "Not allowed";
    }
    setTimeout(() => { label.data = "Copy"; }, 2000);
  });
}

// A table that says so is sorted by the column whose head is pressed, and turned round when it is pressed again.
const collator = new Intl.Collator("en", { numeric: true });
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  for (const [place, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turned = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", turned ? "descending" : "ascending");
      const value = (row) => row.cells[place].dataset.value ?? row.cells[place].textContent.trim();
      // What has no value stays last, whichever way.
      const compared = (one, other) =>
        Number(!value(one)) - Number(!value(other)) || (turned ? -1 : 1) * collator.compare(value(one), value(other));
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compared));
    });
  }
}

// A folder on disk has nobody who would serve its index.html.
const fromDisk = location.protocol === "file:";
function followable(address) {
  return fromDisk ? address.replace(/(^|\/)(?=$|[?#])/, "$1index.html") : address;
}
if (fromDisk) {
  for (const link of document.querySelectorAll("a[href]")) {
    const address = link.getAttribute("href");
    if (!/^([a-z]+:|#)/i.test(address)) link.setAttribute("href", followable(address));
  }
}

// Search: the library and the index are loaded when somebody goes to the box.
const box = document.getElementById("search");
const found = document.getElementById("found");
const root = box.dataset.root;
const results = document.getElementById("search-results");
const MOST_FOUND = 12, MOST_LISTED = 100;
let engine = null, loading = null;

function loaded(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = root + address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(address));
    document.head.append(script);
  });
}

// Words as the index has them: a dot inside a number is part of it, and so is a version's.
function words(text) {
  return text.toLowerCase().split(/[\s/@:,;=()"'<>\[\]{}_+-]+|\.(?![0-9])/u).filter(Boolean);
}

async function indexed() {
  const documents = [];
  let shards = [];
  globalThis.rollbookIndex = (names) => { shards = names; };
  globalThis.rollbookShard = (models) => {
    for (const [name, detail, told, versions] of models) {
      documents.push({ id: documents.length, model: name, version: "", detail, title: name, told: `${detail} ${told}` });
      for (const [version, stage, more] of versions) {
        documents.push({
          id: documents.length, model: name, version, detail: stage, title: `${name} ${version}`, told: `${stage} ${more}`,
        });
      }
    }
  };
  await Promise.all([loaded(box.dataset.library), loaded("search/index.js")]);
  await Promise.all(shards.map(loaded));
  const made = new globalThis.MiniSearch({
    fields: ["title", "told"],
    storeFields: ["model", "version", "detail"],
    tokenize: words,
    searchOptions: {
      combineWith: "AND",
      prefix: true,
      fuzzy: (term) => (term.length > 4 && !/[0-9]/.test(term) ? 0.2 : false),
      boost: { title: 3 },
      boostDocument: (id, term, stored) => (stored.version ? 1 : 2),
    },
  });
  await made.addAllAsync(documents, { chunkSize: 500 });
  return made;
}

function prepare() {
  loading ??= indexed().then((made) => { engine = made; }, () => { loading = null; });
  return loading;
}

function entry(hit) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const title = document.createElement("strong");
  const detail = document.createElement("span");
  link.href = followable(`${root}models/${hit.model}/${hit.version ? `${hit.version}/` : ""}`);
  title.textContent = hit.version ? `${hit.model}@${hit.version}` : hit.model;
  detail.textContent = hit.detail;
  link.append(title, detail);
  item.append(link);
  return item;
}

function show(place, hits, most) {
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const more = hits.length > most ? `, of which the best ${most} are shown` : "";
  said.textContent = hits.length ? `${hits.length} found${more}` : "Nothing found. Try fewer or shorter words.";
  const list = document.createElement("ul");
  list.append(...hits.slice(0, most).map(entry));
  place.replaceChildren(said, list);
}

async function search() {
  const asked = box.value.trim();
  if (!asked) {
    found.hidden = true;
    results?.replaceChildren();
    return;
  }
  await prepare();
  if (box.value.trim() !== asked) return;
  const hits = engine ? engine.search(asked) : [];
  if (results) {
    show(results, hits, MOST_LISTED);
  } else {
    show(found, hits, MOST_FOUND);
    found.hidden = false;
  }
}

box.addEventListener("focus", prepare);
box.addEventListener("input", search);
if (fromDisk) box.form.action = followable(box.form.getAttribute("action"));
box.form.addEventListener("keydown", (event) => {
  const links = [box, ...found.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape" && !found.hidden) {
    found.hidden = true;
    box.focus();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !found.hidden && at >= 0) {
    event.preventDefault();
    links[(at + (event.key === "ArrowDown" ? 1 : links.length - 1)) % links.length].focus();
  }
});
document.addEventListener("click", (event) => { if (!box.form.contains(event.target)) found.hidden = true; });
box.form.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !box.form.contains(event.relatedTarget)) found.hidden = true;
});
document.addEventListener("keydown", (event) => {
  const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
  }
});
const asked = results && new URLSearchParams(location.search).get("q");
if (asked) {
  box.value = asked;
  search();
}
