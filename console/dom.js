// Elements made of plain values. Texts are set as text, so nothing that a service says can become markup.

/** h("a", {class: "x", href: "#"}, "text", child): null and false children are left out. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Puts these in place of what the element holds. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** Sets the text, but only when it is another: what a reader has selected stays selected. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
