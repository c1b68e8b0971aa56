const by = id => document.getElementById(id);
const make = (tag, text, cls) => {
  const it = document.createElement(tag);
  if (text !== undefined) it.textContent = text;
  if (cls) it.className = cls;
  return it;
};

function card(finding, cls, names) {
  const [rule, , message, advice, types] = finding, it = make("div", undefined, "finding " + cls), head = make("div");
  head.append(make("em", rule));
  if (names) head.append(" ", make("span", names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : ""), "names"));
  it.append(head, make("div", message));
  if (types.length) {
    const list = make("ul", undefined, "types");
    list.append(...types.slice(0, 5).map(text => make("li", text)));
    it.append(make("div", "Types that changed:", "dim"), list);
    if (types.length > 5) {
      const rest = make("details"), more = make("ul", undefined, "types");
      more.append(...types.slice(5).map(text => make("li", text)));
      rest.append(make("summary", `${types.length - 5} more differences between types`), more);
      it.append(rest);
    }
  }
  if (advice) it.append(make("div", "To do: " + advice, "todo"));
  return it;
}

function drawing(names, needs, own, refused) {
  const direct = name => needs(name).filter(used => !needs(name).some(other => needs(other).includes(used)));
  const depth = new Map();
  const level = name => {
    if (!depth.has(name)) { depth.set(name, 0); depth.set(name, 1 + Math.max(-1, ...direct(name).map(level))); }
    return depth.get(name);
  };
  names.forEach(level);
  const places = new Map(), filled = [];
  for (const name of names) {
    const column = depth.get(name);
    filled[column] = (filled[column] || 0) + 1;
    places.set(name, [14 + column * 190, filled[column] * 34 - 20]);
  }
  const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg");
  const wide = 190 * filled.length - 12, high = 34 * Math.max(...filled.filter(Boolean)) + 20;
  svg.setAttribute("width", wide);
  svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  const draw = (tag, attributes, text) => {
    const it = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
    if (text) it.textContent = text;
    svg.append(it);
  };
  for (const [name, [x, y]] of places) for (const used of direct(name)) if (places.has(used)) {
    const [a, b] = places.get(used);
    draw("path", { d: `M${x},${y + 12} C${x - 25},${y + 12} ${a + 175},${b + 12} ${a + 150},${b + 12}` });
  }
  for (const [name, [x, y]] of places) {
    draw("rect", { x, y, width: 150, height: 24, rx: 5, class: name === own ? "own" + (refused ? " refused" : "") : "" });
    draw("text", { x: x + 8, y: y + 16 }, name.length > 19 ? name.slice(0, 18) + "\u2026" : name);
  }
  const frame = make("div", undefined, "drawing");
  frame.append(svg);
  return frame;
}
