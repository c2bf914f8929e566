// What the page adds to its tables: sorting, the theme, definitions that are never cut off, and the
// chart over time with its brush and linked cells. Reads the JSON report inside of the page; asks
// nothing of the network. State is in the address, so that a view can be passed on.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const report = JSON.parse($("#report").textContent);
  const root = document.documentElement;
  root.classList.add("scripted");

  const SVG = "http://www.w3.org/2000/svg";
  const svg = (name, attributes, text) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const html = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const number = (n) => n.toLocaleString("en-US");
  const percent = (a, b) => {
    if (!b) return "n/a";
    const text = (a / b * 100).toFixed(2) + "%";
    if (text === "0.00%" && a > 0) return "<0.01%";
    return text === "100.00%" && a < b ? ">99.99%" : text;
  };
  const ms = (x) => x === null ? "n/a" : x < 1000 ? x.toPrecision(3) + " ms" : (x / 1000).toPrecision(3) + " s";

  // Theme: the system's, light, dark.
  const themes = ["auto", "light", "dark"];
  $("#theme").addEventListener("click", (event) => {
    const now = themes.indexOf(root.dataset.theme || "auto");
    const next = themes[(now + 1) % themes.length];
    if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
    event.target.textContent = "Theme: " + next;
  });

  // Definitions: above everything, wherever they stand.
  const place = (term) => {
    const tip = $(".tip", term), box = term.getBoundingClientRect();
    tip.classList.add("float");
    const left = Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8));
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.left = left + "px";
    tip.style.top = (below ? box.bottom + 6 : Math.max(8, box.top - 6 - tip.offsetHeight)) + "px";
  };
  for (const term of $$(".term")) {
    const show = () => place(term), hide = () => $(".tip", term).classList.remove("float");
    term.addEventListener("mouseenter", show);
    term.addEventListener("focus", show);
    term.addEventListener("mouseleave", hide);
    term.addEventListener("blur", hide);
    term.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  }

  // Tables: sorted by a column on demand; sums stay at the foot.
  const value = (row, i) => {
    const text = row.cells[i] ? row.cells[i].textContent.trim() : "";
    const found = /^[<>≥ ]*(-?[\d,]*\.?\d+)\s*(µs|ms|s|min|h|%)?/.exec(text);
    const scale = { "µs": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 };
    return found ? Number(found[1].replaceAll(",", "")) * (scale[found[2]] || 1) : text;
  };
  for (const table of $$("table")) {
    const body = table.tBodies[0];
    if (body.rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (!head.textContent) return;
      const button = html("button", { type: "button", title: "Sort by this" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows], sums = rows.filter((r) => r.matches(".all, .other"));
        const sign = down ? -1 : 1;
        rows.filter((r) => !sums.includes(r)).sort((a, b) => {
          const [x, y] = [value(a, i), value(b, i)];
          if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
          return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
        }).forEach((r) => body.append(r));
        sums.forEach((r) => body.append(r));
      });
    });
  }

  const buckets = report.timeline ? report.timeline.buckets : [];
  if (buckets.length) chart();
  root.dataset.ready = "true";

  function chart() {
    const holder = $("#timeline"), panel = $("#window"), chips = $("#chips");
    const last = buckets.length - 1, interval = report.timeline.interval_s * 1000;
    const state = { series: "failures", cells: new Set(), window: null };
    const name = (c) => c.method + " " + c.code;
    const counts = new Map();
    for (const b of buckets) for (const c of b.codes) counts.set(name(c), (counts.get(name(c)) || 0) + c.count);
    const cells = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map((c) => c[0]);

    const chosen = (b) => b.codes.filter((c) => !state.cells.size || state.cells.has(name(c)));
    const failures = (b) => chosen(b).reduce((sum, c) => sum + c.count, 0);
    const series = {
      failures: { label: "failures", value: failures },
      failure_share: { label: "failures of finals", value: (b) => b.finals ? failures(b) / b.finals : null, share: true },
      attempts: { label: "INVITE attempts", value: (b) => b.attempts },
      asr: { label: "ASR", value: (b) => b.asr.value, share: true },
      pdd: { label: "PDD p95", value: (b) => b.pdd ? b.pdd.p95_ms : null, time: true },
      retransmissions: { label: "messages sent again", value: (b) => b.retransmissions },
      unanswered: { label: "requests without a final", value: (b) => b.unanswered },
      calls_up: { label: "calls up", value: (b) => b.calls_up },
    };
    const shown = (s, v) => s.share ? (v * 100).toFixed(v < 0.1 ? 1 : 0) + "%" : s.time ? ms(v) : number(Math.round(v));
    // RFC 3339, or seconds after the first frame: "+203.500000s".
    const relative = /^[+-]/.test(buckets[0].start);
    const parse = (t) => relative ? parseFloat(t) * 1000 : Date.parse(t);
    const origin = parse(buckets[0].start);
    const start = (i) => new Date(origin + i * interval);
    const days = !relative && start(0).toISOString().slice(0, 10) !== start(last + 1).toISOString().slice(0, 10);
    const two = (n) => String(Math.floor(n)).padStart(2, "0");
    const after = (s) => "+" + [s / 3600, s / 60 % 60, s % 60].map(two).join(":");
    const clock = (t) => relative ? after(t / 1000) : t.toISOString().slice(days ? 5 : 11, 19).replace("T", " ");
    const zone = relative ? "" : " UTC";

    function draw() {
      const s = series[state.series];
      const [width, height, left, foot, top] = [Math.max(320, holder.clientWidth), 240, 54, 26, 14];
      const inner = width - left - 6, deep = height - foot - top, step = inner / buckets.length;
      const values = buckets.map(s.value);
      const most = Math.max(s.share ? 0.01 : 1, ...values.filter((v) => v !== null));
      const nice = ceiling(most, s.share);
      const y = (v) => top + deep - v / nice * deep;
      const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${s.label} by time; the table of buckets has the numbers` });
      for (const part of [0, 0.25, 0.5, 0.75, 1]) {
        const at = y(nice * part);
        picture.append(svg("line", { class: "grid", x1: left, x2: width - 6, y1: at, y2: at }));
        if (part * 4 % 2 === 0) picture.append(svg("text", { x: left - 8, y: at + 4, "text-anchor": "end" }, shown(s, nice * part)));
      }
      const every = Math.max(1, Math.ceil(buckets.length / Math.max(2, Math.floor(inner / 110))));
      for (let i = 0; i < buckets.length; i += every) {
        picture.append(svg("text", { x: left + i * step, y: height - 6 }, clock(start(i))));
      }
      const inside = (i) => !state.window || i >= state.window[0] && i <= state.window[1];
      if (state.series === "failures") {
        buckets.forEach((b, i) => {
          let base = top + deep;
          for (const digit of [4, 5, 6]) {
            const n = chosen(b).filter((c) => Math.floor(c.code / 100) === digit).reduce((sum, c) => sum + c.count, 0);
            if (!n) continue;
            const tall = n / nice * deep;
            base -= tall;
            picture.append(svg("rect", { class: `c${digit}${inside(i) ? "" : " faded"}`, x: left + i * step, y: base, width: Math.max(0.6, step * 0.88), height: tall }));
          }
        });
      } else {
        let path = "";
        values.forEach((v, i) => {
          if (v === null) return;
          const x = left + (i + 0.5) * step;
          path += (i === 0 || values[i - 1] === null ? "M" : "L") + x.toFixed(1) + " " + y(v).toFixed(1);
          if (buckets.length < 120) picture.append(svg("circle", { class: "dot" + (inside(i) ? "" : " faded"), cx: x, cy: y(v), r: 2.4 }));
        });
        picture.append(svg("path", { class: "trace", d: path }));
      }
      for (const f of report.findings) {
        if (!f.timed) continue;
        const [a, b] = [f.start, f.end].map((t) => left + Math.max(0, (parse(t) - origin) / interval) * step);
        const mark = svg("rect", { class: "mark", x: a, y: 2, width: Math.max(2, Math.min(b, width - 6) - a), height: 5, rx: 2 });
        mark.append(svg("title", {}, f.what));
        picture.append(mark);
      }
      if (state.window) {
        const [a, b] = state.window, x1 = left + a * step, x2 = left + (b + 1) * step;
        picture.append(svg("rect", { class: "brush", x: x1, y: top, width: x2 - x1, height: deep }));
        for (const x of [x1, x2]) picture.append(svg("line", { class: "edge", x1: x, x2: x, y1: top, y2: top + deep }));
      }
      picture.append(svg("text", { x: left, y: top - 2 }, ""));
      holder.replaceChildren(picture);
      holder.bucket = (clientX) => {
        const box = picture.getBoundingClientRect();
        const x = (clientX - box.left) / box.width * width - left;
        return Math.max(0, Math.min(last, Math.floor(x / step)));
      };
    }

    function ceiling(most, share) {
      const unit = 10 ** Math.floor(Math.log10(most));
      const nice = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].map((m) => m * unit).find((m) => m >= most) || most;
      return share ? Math.min(1, nice) : Math.max(nice, 4);
    }

    function sums(list) {
      const total = { responses: 0, finals: 0, failures: 0, attempts: 0, answered: 0, bids: 0, bid_answers: 0, retransmissions: 0, unanswered: 0, calls_up: 0, cells: new Map() };
      for (const b of list) {
        for (const key of ["responses", "finals", "failures", "attempts", "bids", "retransmissions", "unanswered"]) total[key] += b[key];
        total.answered += b.asr.numerator;
        total.bid_answers += b.answered;
        total.calls_up = Math.max(total.calls_up, b.calls_up);
        for (const c of b.codes) total.cells.set(name(c), (total.cells.get(name(c)) || 0) + c.count);
      }
      return total;
    }

    function row(...cells) {
      const [first, ...rest] = cells;
      return html("tr", {}, html("th", { scope: "row" }, first), ...rest.map((c) => html("td", { class: "n" }, c)));
    }

    function table(caption, heads, rows) {
      const head = html("thead", {}, html("tr", {}, ...heads.map((h, i) => html("th", { scope: "col", class: i ? "n" : "" }, h))));
      return html("div", { class: "scroll" }, html("table", {}, html("caption", {}, caption), head, html("tbody", {}, ...rows)));
    }

    function tell() {
      const [a, b] = state.window || [0, last];
      const inside = sums(buckets.slice(a, b + 1));
      const outside = state.window ? sums([...buckets.slice(0, a), ...buckets.slice(b + 1)]) : null;
      const pair = (f) => outside ? [f(inside), f(outside)] : [f(inside)];
      const span = `${clock(start(a))} to ${clock(start(b + 1))}${zone}`;
      const heads = ["", state.window ? "in the window" : "whole capture", ...(outside ? ["outside"] : [])];
      const figures = [
        row("Responses", ...pair((t) => number(t.responses))),
        row("Failures of finals", ...pair((t) => `${number(t.failures)} of ${number(t.finals)}  ${percent(t.failures, t.finals)}`)),
        row("INVITE attempts", ...pair((t) => number(t.attempts))),
        row("Answered bids (ABR)", ...pair((t) => `${number(t.bid_answers)} of ${number(t.bids)}  ${percent(t.bid_answers, t.bids)}`)),
        row("Messages sent again", ...pair((t) => number(t.retransmissions))),
        row("Requests without a final", ...pair((t) => number(t.unanswered))),
        row("Most calls up", ...pair((t) => number(t.calls_up))),
      ];
      const names = [...inside.cells].filter((c) => !state.cells.size || state.cells.has(c[0])).sort((x, y) => y[1] - x[1] || (x[0] < y[0] ? -1 : 1)).slice(0, 12);
      const failing = names.map(([cell, n]) => row(cell, number(n), percent(n, inside.finals),
        ...(outside ? [percent(outside.cells.get(cell) || 0, outside.finals)] : [])));
      const codes = ["Failing cell", "count", "of finals", ...(outside ? ["outside"] : [])];
      panel.replaceChildren(html("h3", {}, span), html("div", { class: "pair" },
        table("Figures", heads, figures), table("Failing cells", codes, failing)));
    }

    function mark() {
      for (const node of $$(".pick")) node.setAttribute("aria-pressed", String(state.cells.has(node.dataset.cell)));
      for (const node of $$("button", chips)) node.setAttribute("aria-pressed", String(node.dataset.cell ? state.cells.has(node.dataset.cell) : !state.cells.size));
      for (const node of $$("[data-series]")) node.setAttribute("aria-pressed", String(node.dataset.series === state.series));
    }

    function update() {
      mark();
      draw();
      tell();
      const parts = [];
      if (state.window) parts.push("w=" + state.window.join("-"));
      if (state.series !== "failures") parts.push("s=" + state.series);
      if (state.cells.size) parts.push("c=" + [...state.cells].map(encodeURIComponent).join(","));
      const hash = parts.length ? "#" + parts.join("&") : location.pathname + location.search;
      try { history.replaceState(null, "", hash); } catch { /* a sandbox without history */ }
    }

    function restore() {
      const wanted = new URLSearchParams(location.hash.slice(1));
      const [a, b] = (wanted.get("w") || "").split("-").map(Number);
      if (wanted.has("w") && a >= 0 && b >= a && b <= last) state.window = [a, b];
      if (Object.hasOwn(series, wanted.get("s"))) state.series = wanted.get("s");
      const named = (wanted.get("c") || "").split(",").filter((c) => counts.has(c));
      state.cells = new Set(named);
    }

    const toggle = (cell) => {
      if (!state.cells.delete(cell)) state.cells.add(cell);
      if (!["failures", "failure_share"].includes(state.series)) state.series = "failures";
      update();
    };
    const all = html("button", { type: "button", "aria-pressed": "true" }, "All failures");
    all.addEventListener("click", () => { state.cells.clear(); update(); });
    chips.append(all, ...cells.slice(0, 10).map((cell) => {
      const chip = html("button", { type: "button", "data-cell": cell, "aria-pressed": "false" }, cell);
      chip.addEventListener("click", () => toggle(cell));
      return chip;
    }));
    for (const node of $$("tr[data-cell], .heat span[data-cell]")) {
      if (!counts.has(node.dataset.cell)) continue;
      node.classList.add("pick");
      node.tabIndex = 0;
      if (node.tagName === "SPAN") node.setAttribute("role", "button");
      node.addEventListener("click", (event) => { if (!event.target.closest(".term")) toggle(node.dataset.cell); });
      node.addEventListener("keydown", (event) => {
        if (event.target === node && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); toggle(node.dataset.cell); }
      });
    }
    for (const node of $$("[data-series]")) node.addEventListener("click", () => { state.series = node.dataset.series; update(); });
    for (const node of $$("[data-finding]")) node.addEventListener("click", () => {
      const f = report.findings[Number(node.dataset.finding)];
      const at = (t) => Math.max(0, Math.min(last, Math.floor((parse(t) - origin) / interval)));
      state.window = [at(f.start), Math.max(at(f.start), at(f.end))];
      const cell = f.method + " " + f.code;
      state.cells = new Set(f.code !== null && counts.has(cell) ? [cell] : []);
      state.series = f.kind === "delay" ? "pdd" : f.kind.endsWith("retransmission") ? "retransmissions" : f.kind === "silence" ? "unanswered" : "failures";
      update();
      $("#time").scrollIntoView();
    });

    holder.tabIndex = 0;
    holder.setAttribute("role", "group");
    holder.setAttribute("aria-label", "Chart over time: arrow keys choose a window");
    let from = null;
    holder.addEventListener("pointerdown", (event) => {
      from = holder.bucket(event.clientX);
      holder.setPointerCapture(event.pointerId);
      state.moved = false;
    });
    holder.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = holder.bucket(event.clientX);
      state.moved ||= to !== from;
      state.window = [Math.min(from, to), Math.max(from, to)];
      draw();
    });
    holder.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const at = holder.bucket(event.clientX);
      if (!state.moved) state.window = state.window && state.window[0] === state.window[1] && state.window[0] === at && state.again === at ? null : [at, at];
      state.again = state.window ? at : null;
      from = null;
      update();
    });
    holder.addEventListener("pointercancel", () => { from = null; update(); });
    holder.addEventListener("keydown", (event) => {
      let [a, b] = state.window || [0, Math.max(0, Math.round(last / 10))];
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") { state.window = null; update(); return; }
      if (!by) return;
      event.preventDefault();
      if (event.shiftKey) b = Math.max(a, Math.min(last, b + by));
      else if (!state.window) { /* the first key shows the window */ }
      else if (a + by >= 0 && b + by <= last) { a += by; b += by; }
      state.window = [a, b];
      update();
    });
    let wait;
    addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(draw, 80); });
    addEventListener("hashchange", () => { restore(); update(); });
    restore();
    update();
  }
})();
