// What a page can do beyond being read: copying, and links that work from a folder on disk.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.firstChild;
    try {
      await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
      label.data = "Copied";
    } catch {
      label.data = "Not allowed";
    }
    setTimeout(() => { label.data = "Copy"; }, 2000);
  });
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
