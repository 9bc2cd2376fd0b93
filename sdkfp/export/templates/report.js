"use strict";
(function () {
  const root = document.documentElement;
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const one = (id) => document.getElementById(id);
  const listeners = [];
  const language = () => (root.lang === "zh" ? "zh" : "en");
  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (whole, name) => values[name]);

  function setLanguage(word) {
    root.lang = word;
    for (const button of all("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === word));
    for (const name of ["aria-label", "placeholder"]) {
      for (const element of all(`[data-${name}-${word}]`)) element.setAttribute(name, element.getAttribute(`data-${name}-${word}`));
    }
    for (const element of all(`[data-text-${word}]`)) element.textContent = element.getAttribute(`data-text-${word}`);
    for (const listener of listeners) listener();
  }

  function setTheme(word) {
    root.dataset.theme = word;
    for (const button of all("button[data-theme]")) button.setAttribute("aria-pressed", String(button.dataset.theme === word));
  }

  function header() {
    all(".controls, .tools, .to-graph, .graph").forEach((element) => { element.hidden = false; });
    all("[data-language]").forEach((button) => button.addEventListener("click", () => setLanguage(button.dataset.language)));
    all("button[data-theme]").forEach((button) => button.addEventListener("click", () => setTheme(button.dataset.theme)));
    one("print").addEventListener("click", () => window.print());
    const links = all(".sections a");
    const seen = new Map();
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries) seen.set(entry.target.id, entry.isIntersecting);
      const current = links.find((link) => seen.get(link.hash.slice(1)));
      for (const link of links) {
        if (link === current) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "-70px 0px -55% 0px" });
    all("main > section").forEach((section) => observer.observe(section));
  }

  function printing() {
    let opened = [];
    let theme = "light";
    window.addEventListener("beforeprint", () => {
      theme = root.dataset.theme;
      setTheme("light");
      opened = all("details:not([open])");
      for (const element of opened) element.open = true;
    });
    window.addEventListener("afterprint", () => {
      setTheme(theme);
      for (const element of opened) element.open = false;
    });
  }

  function cards() {
    const filter = one("filter");
    if (!filter) return;
    const list = all(".card");
    const category = one("category");
    const information = one("only-information");
    const shown = one("shown");
    function apply() {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const card of list) {
        const met = words.every((word) => card.dataset.search.includes(word)) &&
          (!category.value || card.dataset.categories.split(" ").includes(category.value)) &&
          (!information.checked || card.dataset.information === "1");
        card.hidden = !met;
        count += met;
      }
      one("no-match").hidden = count > 0;
      const base = one("base-title");
      if (base) base.hidden = !document.querySelector(".cards.small .card:not([hidden])");
      shown.textContent = filled(shown.getAttribute(`data-pattern-${language()}`), { n: count, total: list.length });
    }
    filter.addEventListener("input", apply);
    category.addEventListener("change", apply);
    information.addEventListener("change", apply);
    listeners.push(apply);
    const unfold = one("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.getAttribute("aria-pressed") !== "true";
      unfold.setAttribute("aria-pressed", String(open));
      for (const element of all(".card:not([hidden]) details")) element.open = open;
    });
    window.addEventListener("hashchange", reveal);
    function reveal() {
      const card = /^#sdk-\d+$/.test(location.hash) && document.querySelector(location.hash);
      if (!card) return;
      if (card.hidden) {
        filter.value = "";
        category.value = "";
        information.checked = false;
        apply();
        card.scrollIntoView();
      }
      card.focus({ preventScroll: true });
    }
    reveal();
  }

  const LEAST_SCALE = 0.72; // of the graph when it opens; labels are then a little over 8 pixels high
  const MOST_SCALE = 1.2;
  const SVG = "http://www.w3.org/2000/svg";
  function element(name, attributes, parent) {
    const made = document.createElementNS(SVG, name);
    for (const key of Object.keys(attributes || {})) made.setAttribute(key, attributes[key]);
    if (parent) parent.append(made);
    return made;
  }

  function graph() {
    const svg = one("picture");
    const data = JSON.parse(one("data").textContent);
    const words = {};
    for (const word of all("[data-word]", one("panel-words").content)) words[word.dataset.word] = word;
    const nodes = data.nodes.map(([en, zh, group, classes, card], id) => ({ id, en, zh, group, classes, card, key: id }));
    const edges = data.edges.map(([from, to, type, count, evidence]) => ({ from, to, type, count, evidence }));
    const name = (node) => (language() === "zh" ? node.zh : node.en);
    const cut = (text) => (text.length > 28 ? text.slice(0, 27) + "…" : text);
    const shown = (node) => cut(name(node));
    const wide = (text) => Array.from(cut(text)).reduce((sum, character) => sum + (character > "\u2e80" ? 12 : 6.9), 4);
    const label = (pair) => pair[language() === "zh" ? 1 : 0];
    const on = { groups: new Set(["app", "sdk"]), types: new Set(["calls", "extends", "loads", "requires", "bundles", "reads"]) };
    if (edges.filter((edge) => edge.type === "reads").length <= 60) on.groups.add("type");
    if (nodes.filter((node) => node.group === "sdk").length < 8) on.groups.add("base");
    if (!edges.some((edge) => edge.type === "calls")) ["embeds", "links", "refers"].forEach((word) => on.types.add(word));
    if (nodes.filter((node) => node.group === "package").length <= 6) on.groups.add("package");
    const arrows = element("defs", {}, svg);
    for (const id of ["arrow", "arrow-reads", "arrow-out", "arrow-in"]) {
      const marker = element("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, orient: "auto", markerUnits: "userSpaceOnUse" }, arrows);
      element("path", { d: "M0 0.8 L8 4 L0 7.2 z" }, marker);
    }
    const layerOfEdges = element("g", {}, svg);
    const layerOfNodes = element("g", {}, svg);
    const layerOfLabels = element("g", { "aria-hidden": "true" }, svg);
    let drawn = [];
    let lines = [];
    let caption = null;
    let rest = null; // where the rows of those without a relation begin
    let chosen = -1;
    let at = -1;
    let box = { x: -400, y: -300, w: 800, h: 600 };

    const radius = (node) => (node.group === "app" ? 15 : 5 + Math.min(11, Math.sqrt(node.classes) / 3.2));

    function visible() {
      drawn = nodes.filter((node) => on.groups.has(node.group));
      const ids = new Set(drawn.map((node) => node.id));
      const joined = new Map();
      for (const edge of edges) {
        if (!on.types.has(edge.type) || !ids.has(edge.from) || !ids.has(edge.to)) continue;
        const key = edge.from * nodes.length + edge.to;
        const line = joined.get(key) || { source: nodes[edge.from], target: nodes[edge.to], count: 0, reads: true };
        line.count += edge.count;
        line.reads = line.reads && (edge.type === "reads" || edge.type === "needs");
        joined.set(key, line);
      }
      lines = Array.from(joined.values());
      for (const line of lines) line.both = joined.has(line.target.id * nodes.length + line.source.id);
      const linked = new Set(lines.flatMap((line) => [line.source.id, line.target.id]));
      drawn = drawn.filter((node) => node.group === "app" || node.group === "sdk" || linked.has(node.id));
    }

    function place() {
      for (const node of drawn) {
        node.half = Math.max(radius(node) + 3, wide(node.en) / 2, wide(node.zh) / 2);
      }
      rest = layOut(drawn, lines, radius, svg.clientWidth / Math.max(1, svg.clientHeight));
    }

    function draw() {
      layerOfEdges.replaceChildren();
      layerOfNodes.replaceChildren();
      layerOfLabels.replaceChildren();
      for (const line of lines) {
        line.path = element("path", { class: line.reads ? "edge reads" : "edge", "stroke-width": Math.min(3.5, 0.8 + Math.log10(line.count) * 0.7) }, layerOfEdges);
      }
      for (const node of drawn) {
        const group = element("g", { class: `node ${node.group}`, "data-node": node.id }, layerOfNodes);
        const size = radius(node);
        if (["type", "permission", "library"].includes(node.group)) element("rect", { x: -size, y: -size, width: 2 * size, height: 2 * size, rx: 3 }, group);
        else element("circle", { r: size }, group);
        node.mark = group;
        group.addEventListener("click", () => { choose(node.id); });
        element("title", {}, group).textContent = name(node);
        node.text = element("text", { class: node.group }, layerOfLabels);
      }
      if (rest) {
        element("line", { class: "rest", x1: rest.x, x2: rest.x + 120, y1: rest.y, y2: rest.y }, layerOfLabels);
        caption = element("text", { class: "rest", x: rest.x, y: rest.y + 14 }, layerOfLabels);
      }
      label_();
      move();
      mark();
    }

    function label_() {
      for (const node of drawn) node.text.textContent = shown(node);
      if (rest) caption.textContent = label(data.alone);
    }

    function move() {
      for (const line of lines) {
        const { source: a, target: b } = line;
        const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
        const bend = line.both ? 0.12 : 0.04;
        const cx = (a.x + b.x) / 2 - dy * bend, cy = (a.y + b.y) / 2 + dx * bend;
        const ex = b.x - cx, ey = b.y - cy, reach = Math.hypot(ex, ey) || 1, stop = radius(b) + 2.5;
        line.path.setAttribute("d", `M${a.x.toFixed(1)} ${a.y.toFixed(1)} Q${cx.toFixed(1)} ${cy.toFixed(1)} ${(b.x - ex / reach * stop).toFixed(1)} ${(b.y - ey / reach * stop).toFixed(1)}`);
        line.arrow = length > stop * 2 ? (line.reads ? "arrow-reads" : "arrow") : "";
        line.path.setAttribute("marker-end", line.arrow && `url(#${line.arrow})`);
      }
      for (const node of drawn) {
        node.mark.setAttribute("transform", `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
        node.text.setAttribute("x", node.x.toFixed(1));
        node.text.setAttribute("y", (node.above ? node.y - radius(node) - 5 : node.y + radius(node) + 12).toFixed(1));
      }
    }

    function whole() {
      if (!drawn.length) return;
      const left = Math.min(...drawn.map((node) => node.x - node.half)) - 10;
      const top = Math.min(...drawn.map((node) => node.y - radius(node) - (node.above ? 18 : 0))) - 8;
      box = { x: left, y: top, w: Math.max(...drawn.map((node) => node.x + node.half)) + 10 - left, h: Math.max(...drawn.map((node) => node.y + radius(node))) + 30 - top };
      const [w, h] = [svg.clientWidth / MOST_SCALE, svg.clientHeight / MOST_SCALE];
      if (box.w < w) { box.x -= (w - box.w) / 2; box.w = w; }
      if (box.h < h) { box.y -= (h - box.h) / 2; box.h = h; }
      look();
    }

    // At first everything, but never so small that the labels cannot be read: then what is around the app.
    function first() {
      whole();
      const scale = Math.min(svg.clientWidth / box.w, svg.clientHeight / box.h);
      if (scale >= LEAST_SCALE) return;
      const [w, h] = [svg.clientWidth / LEAST_SCALE, svg.clientHeight / LEAST_SCALE];
      const within = (low, size, wanted) => (size <= wanted ? low + (size - wanted) / 2 : Math.min(low + size - wanted, Math.max(low, -wanted / 2)));
      box = { x: within(box.x, box.w, w), y: within(box.y, box.h, h), w, h };
      look();
    }

    function look() { svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`); }

    function zoom(factor, cx, cy) {
      const w = Math.min(20000, Math.max(60, box.w * factor));
      const real = w / box.w;
      box = { x: cx - (cx - box.x) * real, y: cy - (cy - box.y) * real, w, h: box.h * real };
      look();
    }

    const middle = () => [box.x + box.w / 2, box.y + box.h / 2];
    function point(event) {
      const where = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [where.x, where.y];
    }

    function mark() {
      svg.classList.toggle("chosen", chosen >= 0);
      const near = new Set([chosen]);
      for (const line of lines) {
        const out = line.source.id === chosen, into = line.target.id === chosen;
        line.path.classList.toggle("out", out);
        line.path.classList.toggle("in", into && !out);
        const arrow = out ? "arrow-out" : into ? "arrow-in" : line.arrow;
        if (line.arrow) line.path.setAttribute("marker-end", `url(#${arrow})`);
        if (out) near.add(line.target.id);
        if (into) near.add(line.source.id);
        if (out || into) layerOfEdges.append(line.path);
      }
      for (const node of drawn) {
        node.mark.classList.toggle("near", near.has(node.id));
        node.text.classList.toggle("near", near.has(node.id));
        node.mark.classList.toggle("chosen", node.id === chosen);
        node.mark.classList.toggle("at", node.id === at);
      }
    }

    const details = one("details");
    const select = one("node");
    function html(tag, text, parent, className) {
      const made = document.createElement(tag);
      if (text instanceof Node) made.append(text.cloneNode(true));
      else if (text !== undefined && text !== null) made.textContent = text;
      if (className) made.className = className;
      if (parent) parent.append(made);
      return made;
    }

    function show() {
      details.replaceChildren();
      if (chosen < 0) { html("p", words.pick, details, "empty"); return; }
      const node = nodes[chosen];
      html("bdi", name(node), html("h3", null, details));
      const line = html("p", null, details, "sub");
      line.append(label(data.groups[node.group]) + (node.classes ? ` · ${node.classes} ` : ""));
      if (node.classes) line.append(words.classes.cloneNode(true));
      if (node.card >= 0) html("a", words.open_card, html("p", null, details)).href = `#sdk-${node.card}`;
      for (const [word, mine, other] of [["outgoing", "from", "to"], ["incoming", "to", "from"]]) {
        const found = edges.filter((edge) => edge[mine] === chosen).sort((a, b) => order(a) - order(b) || b.count - a.count);
        if (!found.length) continue;
        const title = html("h4", words[word], details);
        title.append(` (${found.length})`);
        const list = html("ul", null, details);
        for (const edge of found) {
          const item = html("li", `${label(data.types[edge.type] || [edge.type, edge.type])} `, list);
          const button = html("button", name(nodes[edge[other]]), item, "link");
          button.type = "button";
          button.addEventListener("click", () => choose(edge[other]));
          item.append(` ×${edge.count}`);
          html("code", edge.evidence, item);
        }
      }
    }

    // What it uses before what it is able to read, and that it is inside at the end.
    function order(edge) {
      const place = Object.keys(data.types).indexOf(edge.type);
      return edge.type === "embeds" || place < 0 ? 99 : place;
    }

    function choose(id) {
      chosen = id;
      at = id;
      if (id >= 0 && !drawn.includes(nodes[id])) {
        on.groups.add(nodes[id].group);
        redraw();
        if (!drawn.includes(nodes[id])) { drawn.push(nodes[id]); nodes[id].x = middle()[0]; nodes[id].y = middle()[1]; draw(); }
        checks();
      }
      select.value = String(id);
      mark();
      show();
    }

    function redraw() { visible(); place(); draw(); first(); }

    function checks() {
      for (const [id, kind, titles, counts] of [["groups", "groups", data.groups, nodes.map((node) => node.group)], ["types", "types", data.types, edges.map((edge) => edge.type)]]) {
        const field = one(id);
        all("label", field).forEach((old) => old.remove());
        for (const word of Object.keys(titles)) {
          const count = counts.filter((found) => found === word).length;
          if (!count || word === "app") continue;
          const label_of = html("label", null, field);
          const check = html("input", null, label_of);
          check.type = "checkbox";
          check.value = word;
          check.checked = on[kind].has(word);
          check.addEventListener("change", () => {
            if (check.checked) on[kind].add(word); else on[kind].delete(word);
            redraw();
          });
          if (kind === "groups") html("i", null, label_of, `swatch ${word}`);
          label_of.append(label(titles[word]));
          html("small", count, label_of);
        }
      }
    }

    function options() {
      select.replaceChildren();
      html("option", "–", select).value = "-1";
      const groups = new Map();
      for (const node of nodes) groups.set(node.group, [...(groups.get(node.group) || []), node]);
      for (const [group, members] of groups) {
        const holder = html("optgroup", null, select);
        holder.label = label(data.groups[group]);
        for (const node of members.sort((a, b) => name(a).localeCompare(name(b)))) html("option", name(node), holder).value = String(node.id);
      }
      select.value = String(chosen);
    }

    function walk(dx, dy) {
      const from = drawn.find((node) => node.id === at);
      if (!from) { at = drawn.length ? drawn[0].id : -1; mark(); return; }
      let best = null, least = Infinity;
      for (const node of drawn) {
        const along = (node.x - from.x) * dx + (node.y - from.y) * dy;
        const aside = Math.abs((node.x - from.x) * dy) + Math.abs((node.y - from.y) * dx);
        if (node === from || along <= 0) continue;
        const cost = along + 2.5 * aside;
        if (cost < least) { least = cost; best = node; }
      }
      if (best) { at = best.id; svg.setAttribute("aria-label", name(best)); mark(); }
    }

    function input() {
      one("zoom-in").addEventListener("click", () => zoom(0.75, ...middle()));
      one("zoom-out").addEventListener("click", () => zoom(1.33, ...middle()));
      one("zoom-whole").addEventListener("click", whole);
      select.addEventListener("change", () => choose(Number(select.value)));
      svg.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && document.activeElement !== svg) return;
        event.preventDefault();
        zoom(event.deltaY > 0 ? 1.15 : 0.87, ...point(event));
      }, { passive: false });
      const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      svg.addEventListener("keydown", (event) => {
        if (keys[event.key]) walk(...keys[event.key]);
        else if (event.key === "Enter" && at >= 0) choose(at);
        else if (event.key === "Escape") choose(-1);
        else if (event.key === "+" || event.key === "=") zoom(0.8, ...middle());
        else if (event.key === "-") zoom(1.25, ...middle());
        else return;
        event.preventDefault();
      });
      let held = null;
      svg.addEventListener("pointerdown", (event) => {
        svg.focus({ preventScroll: true });
        const mark_of = event.target.closest("[data-node]");
        held = { node: mark_of && nodes[Number(mark_of.dataset.node)], at: point(event), moved: false, id: event.pointerId };
      });
      svg.addEventListener("pointermove", (event) => {
        if (!held) return;
        const [x, y] = point(event);
        const dx = x - held.at[0], dy = y - held.at[1];
        if (!held.moved && Math.hypot(dx, dy) < box.w / 200) return;
        if (!held.moved) { held.moved = true; svg.setPointerCapture(held.id); }
        if (held.node) { held.node.x = x; held.node.y = y; move(); mark(); }
        else { box.x -= dx; box.y -= dy; look(); }
      });
      const release = (event) => {
        if (held && !held.moved && !held.node && event.type === "pointerup" && chosen >= 0) choose(-1);
        held = null;
      };
      svg.addEventListener("pointerup", release);
      svg.addEventListener("pointercancel", release);
      for (const button of all(".to-graph")) {
        const node = nodes.find((found) => found.card === Number(button.dataset.sdk));
        button.hidden = !node;
        button.addEventListener("click", () => { begin(); choose(node.id); one("graph").scrollIntoView(); svg.focus({ preventScroll: true }); });
      }
    }

    let begun = false;
    function begin() {
      if (begun) return;
      begun = true;
      redraw();
    }
    input();
    checks();
    options();
    const left = one("left-out");
    listeners.push(() => {
      left.textContent = data.left ? filled(left.getAttribute(`data-pattern-${language()}`), { n: data.left }) : "";
      checks();
      options();
      show();
      if (begun) label_();
    });
    // The picture is made when it comes near, so that the page opens at once.
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); begin(); }
    }, { rootMargin: "400px" });
    observer.observe(svg);
    window.addEventListener("beforeprint", begin);
  }

  header();
  printing();
  cards();
  graph();
  setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  setLanguage(language());
})();
