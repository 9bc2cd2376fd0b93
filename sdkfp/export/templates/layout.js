"use strict";
// Where the nodes of the graph stand: the app in the middle, what it uses around it, what those use farther out, and what has no
// relation in rows below. The same nodes and lines always give the same picture.
function layOut(nodes, lines, radius, ratio) {
  const near = new Map(nodes.map((node) => [node, []]));
  for (const line of lines) { near.get(line.source).push(line.target); near.get(line.target).push(line.source); }
  const centre = nodes.find((node) => node.group === "app");
  const placed = nodes.filter((node) => node === centre || near.get(node).length);
  const alone = nodes.filter((node) => !placed.includes(node));
  const outer = (node) => node.group === "type" || node.group === "permission";

  function steps() {
    const found = new Map(centre ? [[centre, 0]] : []);
    for (const node of found.keys()) for (const other of near.get(node)) if (!found.has(other)) found.set(other, found.get(node) + 1);
    const deepest = Math.max(0, ...found.values());
    return (node) => (found.has(node) ? found.get(node) : deepest + 1);
  }

  function simulate() {
    const step = steps();
    const crowd = Math.sqrt(placed.length);
    const ring = 42 + 13 * crowd;
    const degree = (node) => near.get(node).length;
    for (const node of placed) {
      delete node.x; delete node.y; delete node.vx; delete node.vy; delete node.fx; delete node.fy;
      if (node === centre) { node.fx = 0; node.fy = 0; }
    }
    d3.forceSimulation(placed)
      .force("link", d3.forceLink(lines).distance((line) => 40 + 5 * crowd + radius(line.source) + radius(line.target))
        .strength((line) => 0.55 / Math.min(degree(line.source), degree(line.target)) ** 0.8))
      .force("charge", d3.forceManyBody().strength((node) => (outer(node) ? -130 : -220) - 20 * crowd).distanceMax(900))
      .force("ring", d3.forceRadial((node) => ring * Math.min(4, step(node) + (outer(node) ? 0.7 : 0)), 0, 0).strength(0.3))
      .force("x", d3.forceX().strength(0.02))
      .force("y", d3.forceY().strength(0.02))
      .force("collide", d3.forceCollide((node) => 6 + 0.55 * node.half).iterations(2))
      .stop()
      .tick(300);
    const reach = (axis, more) => Math.max(...placed.map((node) => node[axis] + more(node))) - Math.min(...placed.map((node) => node[axis] - more(node)));
    const shape = reach("x", (node) => node.half) / reach("y", () => 20);
    const wide = Math.min(1.6, Math.max(0.7, Math.sqrt((1.3 * ratio) / shape)));
    for (const node of placed) { node.x *= wide; node.y /= wide; }
  }

  // A label stands where fewer lines come in: above what is only reached from below.
  function sides() {
    for (const node of placed) node.above = node !== centre && near.get(node).every((other) => other.y > node.y + radius(node));
  }

  // The simulation knows circles; labels are wide and low. Push apart the boxes of node and label together.
  function separate() {
    for (let round = 0; round < 300; round += 1) {
      let moved = false;
      for (let i = 0; i < placed.length; i += 1) {
        for (let j = i + 1; j < placed.length; j += 1) {
          const a = placed[i], b = placed[j];
          const dx = b.x - a.x, dy = (b.y + (b.above ? -9 : 9)) - (a.y + (a.above ? -9 : 9));
          const ox = a.half + b.half + 8 - Math.abs(dx), oy = radius(a) + radius(b) + 21 - Math.abs(dy);
          if (ox <= 0 || oy <= 0) continue;
          moved = true;
          const along = ox < oy ? "x" : "y";
          const push = ((along === "x" ? ox : oy) / 2) * ((along === "x" ? dx : dy) < 0 ? -1 : 1);
          if (a === centre) b[along] += 2 * push;
          else if (b === centre) a[along] -= 2 * push;
          else { a[along] -= push; b[along] += push; }
        }
      }
      if (!moved) break;
    }
  }

  function rows() {
    const left = Math.min(...placed.map((node) => node.x - node.half), -260 * Math.min(1, ratio));
    const right = Math.max(...placed.map((node) => node.x + node.half), 260 * Math.min(1, ratio));
    const top = Math.max(...placed.map((node) => node.y), 0) + 96;
    let x = left, y = top;
    for (const node of alone) {
      if (x > left && x + 2 * node.half > right) { x = left; y += 52; }
      node.x = x + node.half;
      node.y = y;
      x += 2 * node.half + 18;
    }
    return alone.length ? { x: left, y: top - 36 } : null;
  }

  for (const node of alone) node.above = false;
  if (placed.length) { simulate(); sides(); separate(); }
  return rows();
}
