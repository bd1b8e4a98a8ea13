// Elements made of data. Text goes in as text, whatever it contains: nothing here reads HTML.

const svgTags = new Set(["svg", "rect", "title"]);

/** An element with attributes, handlers (`onclick`) and children; `null` and `false` are left out. */
export function el(tag, attributes = {}, ...children) {
  const made = svgTags.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

/** A table whose rows stay rows on a phone too, where each cell is shown under its column's name. */
export function table(caption, columns, rows, id) {
  const head = columns.map(column => el("th", { scope: "col", role: "columnheader" }, column));
  return el("table", { role: "table", id },
    el("caption", {}, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
    el("tbody", { role: "rowgroup" }, rows));
}

/** A row of cells, each with its column's name. */
export function row(columns, cells, attributes = {}) {
  return el("tr", { role: "row", ...attributes },
    cells.map((cell, place) => el("td", { role: "cell", "data-label": columns[place] }, cell)));
}

/** What people are told, for a while or until they have read it. */
export function say(text, kind = "info") {
  const alerts = document.getElementById("alerts");
  const box = el("div", { class: `alert ${kind}`, role: kind === "error" ? "alert" : null }, el("span", {}, text),
    el("button", { class: "quiet", "aria-label": "Dismiss", onclick: () => box.remove() }, "×"));
  alerts.append(box);
  while (alerts.childElementCount > 4) alerts.firstChild.remove();
  if (kind !== "error") setTimeout(() => box.remove(), 8000);
}

/** Draws anew and leaves the keyboard where it was, by the id of what had it. */
export function redraw(place, ...children) {
  const focused = document.activeElement?.id;
  const text = place.contains(document.activeElement) ? focused : null;
  place.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  if (text) document.getElementById(text)?.focus();
}

/** Asks before something is done: a question, what it means, a hint, and the word on the button that does it. */
export function confirm(question, meaning, hint, action, then) {
  const dialog = document.getElementById("dialog");
  redraw(dialog, el("h2", { id: "dialog-title" }, question), el("p", {}, meaning), el("p", { class: "hint" }, hint),
    el("div", { class: "buttons" },
      el("button", { id: "cancel", class: "quiet", onclick: () => dialog.close() }, "Cancel"),
      el("button", { id: "confirm", class: "primary", onclick: () => { dialog.close(); then(); } }, action)));
  dialog.showModal();
  document.getElementById("confirm").focus();
}

const time = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const thisYear = new Intl.DateTimeFormat(undefined, time);
const anyYear = new Intl.DateTimeFormat(undefined, { ...time, year: "numeric" });
const numbers = new Intl.NumberFormat();

/** A moment in local time, with how long ago it was. */
export function moment(text) {
  if (!text) return "–";
  const date = new Date(text);
  if (isNaN(date)) return text;
  return el("time", { datetime: text, title: `${text}, ${age((Date.now() - date) / 1000)} ago` },
    (date.getFullYear() === new Date().getFullYear() ? thisYear : anyYear).format(date));
}

export const number = value => numbers.format(value);

/** A duration in seconds, in the unit that suits it. */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let place = 0;
  while (count >= 1024 && place < 4) { count /= 1024; place += 1; }
  return `${place && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[place]}`;
}

/** A status in a word and a colour. */
export const badge = (word, kind) => el("span", { class: `badge ${kind}` }, word);

/** Text in a box that scrolls, by keyboard too. */
export function code(text, label) {
  const shown = el("pre", { tabindex: "0", role: "region", "aria-label": label }, text);
  return el("div", { class: "code" }, shown);
}
