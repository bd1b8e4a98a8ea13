"""Rules that a page must keep so that everybody can use it, looked at in the page itself: names, labels, structure, contrast."""

RULES = r"""
const faults = [];
const where = node => `${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""} "${(node.innerText || "").trim().slice(0, 30)}"`;
const isShown = node => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
const name = node => (node.getAttribute("aria-label") || node.innerText || node.getAttribute("alt") || "").trim()
  || [...(node.labels || [])].map(label => label.innerText.trim()).join(" ");
if (!document.documentElement.lang) faults.push("the page has no language");
if (!document.title) faults.push("the page has no title");
for (const tag of ["main", "h1"])
  if (document.querySelectorAll(tag).length !== 1) faults.push(`there is not exactly one ${tag}`);
let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
  if (!isShown(heading)) continue;
  const next = Number(heading.tagName[1]);
  if (next > level + 1) faults.push(`${where(heading)} skips a level`);
  level = next;
}
for (const node of document.querySelectorAll("a[href], button, input, select, textarea, [role=img], [role=region], summary"))
  if (isShown(node) && !name(node)) faults.push(`${where(node)} has no name`);
for (const node of document.querySelectorAll("img")) if (!node.hasAttribute("alt")) faults.push("an img has no alt");
const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`the id ${id} is there twice`);
for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "list"])
  for (const node of document.querySelectorAll(`[${attribute}]`))
    if (isShown(node) && !document.getElementById(node.getAttribute(attribute)))
      faults.push(`${where(node)}: ${attribute} leads nowhere`);
for (const table of document.querySelectorAll("table")) {
  if (!table.caption || !table.caption.innerText.trim()) faults.push(`${where(table)} has no caption`);
  const columns = table.querySelectorAll("thead th[scope=col]").length;
  for (const row of table.querySelectorAll("tbody tr"))
    if (row.cells.length !== columns) faults.push(`${where(table)}: a row has ${row.cells.length} cells of ${columns}`);
}
for (const node of document.querySelectorAll("[tabindex]"))
  if (node.tabIndex > 0) faults.push(`${where(node)} comes before its turn`);
// Contrast (WCAG 2.2, 1.4.3): 4.5 for text, 3 for large text.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const color = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
const paper = node => {
  for (let place = node; place; place = place.parentElement) {
    const found = color(getComputedStyle(place).backgroundColor);
    if (found[3] > 200) return found;
  }
  return color(getComputedStyle(document.documentElement).backgroundColor);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
while (texts.nextNode()) {
  const node = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !isShown(node) || node.closest(":disabled, script, noscript")) continue;
  const style = getComputedStyle(node);
  const key = style.color + paper(node).join() + style.fontSize;
  if (seen.has(key)) continue;
  seen.add(key);
  const [one, other] = [luminance(color(style.color)), luminance(paper(node))].sort((a, b) => b - a);
  const ratio = (one + 0.05) / (other + 0.05);
  const isLarge = parseFloat(style.fontSize) >= 24;
  if (ratio < (isLarge ? 3 : 4.5)) faults.push(`${where(node)}: contrast ${ratio.toFixed(2)}`);
}
// Targets of at least 24 pixels (WCAG 2.2, 2.5.8), links within text excepted.
for (const node of document.querySelectorAll("button, input, select")) {
  if (!isShown(node)) continue;
  const box = node.getBoundingClientRect();
  if (box.width < 24 || box.height < 24) faults.push(`${where(node)} is ${box.width}×${box.height}`);
}
return faults;
"""


def faults(browser):
    """What is wrong with the page that is shown."""
    return browser.run(RULES)
