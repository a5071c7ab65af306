// Comforts only: without this script, everything is in the page.
"use strict";

const read = document.querySelector(".read");

// Hide and show a candidate in all figures.
for (const box of document.querySelectorAll(".keys input")) {
  box.hidden = false;
  box.addEventListener("change", () => {
    for (const drawn of document.querySelectorAll(`svg:not(.key) [data-who="${CSS.escape(box.value)}"]`))
      drawn.classList.toggle("off", !box.checked);
  });
}

// Copy a command.
for (const command of document.querySelectorAll(".command")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const code = command.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
  command.append(button);
}

// Weigh otherwise: points of each option are 100 times the sum of weight times worth, as in the table below.
for (const box of document.querySelectorAll(".weighing")) {
  const { attributes, options } = JSON.parse(box.dataset.weighing);
  const list = box.querySelector(".worths");
  const rows = [...list.children];
  const sliders = [...box.querySelectorAll("input")];
  box.hidden = false;

  const shares = (kind) => {
    const own = sliders.filter((slider) => kind in slider.dataset);
    const whole = own.reduce((sum, slider) => sum + slider.valueAsNumber, 0);
    return new Map(own.map((slider) => [slider.dataset[kind], whole ? slider.valueAsNumber / whole : 1 / own.length]));
  };
  const show = () => {
    const criteria = shares("criterion"), workloads = shares("workload");
    for (const slider of sliders) {
      const share = criteria.get(slider.dataset.criterion) ?? workloads.get(slider.dataset.workload);
      slider.nextElementSibling.value = `${Math.round(100 * share)} %`;
    }
    const importance = (workload) => workloads.get(workload) ?? 1;
    const weights = attributes.map(([criterion, workload]) => {
      if (workload === null) return criteria.get(criterion);
      const fellows = attributes.filter(([other]) => other === criterion);
      const whole = fellows.reduce((sum, [, other]) => sum + importance(other), 0);
      return criteria.get(criterion) * (whole ? importance(workload) / whole : 1 / fellows.length);
    });
    const points = options.map((worths) => 100 * worths.reduce((sum, worth, at) => sum + worth * weights[at], 0));
    rows.forEach((row, at) => {
      row.querySelector("b").textContent = points[at].toFixed(1);
      row.querySelector("i").style.width = `${points[at]}%`;
    });
    list.append(...rows.map((row, at) => [row, points[at]]).sort(([, a], [, b]) => b - a).map(([row]) => row));
  };
  box.addEventListener("input", show);
  box.querySelector("button").addEventListener("click", () => {
    for (const slider of sliders) slider.value = slider.defaultValue;
    show();
  });
  show();
}

// Read curves by pointer, touch or arrow keys: what each candidate has nearest to a place on the x axis.
for (const svg of document.querySelectorAll(".chart svg")) {
  const lines = [...svg.querySelectorAll("[data-read]")].map((line) => ({ line, points: JSON.parse(line.dataset.read) }));
  if (!lines.length) continue;
  const stops = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  let at = -1;

  const show = (x, clientX, clientY) => {
    const nearest = new Map();
    for (const { line, points } of lines) {
      if (line.classList.contains("off")) continue;
      const who = line.dataset.label;
      for (const [px, py, said] of points) {
        const far = Math.abs(px - x);
        if (far <= (nearest.get(who)?.far ?? 40)) nearest.set(who, { far, py, said });
      }
    }
    const found = [...nearest].sort(([, a], [, b]) => a.py - b.py);
    read.hidden = !found.length;
    read.textContent = found.map(([who, { said }]) => `${who}  ${said}`).join("\n");
    const left = clientX + read.offsetWidth + 24 > innerWidth ? clientX - read.offsetWidth - 12 : clientX + 14;
    read.style.left = `${scrollX + Math.max(4, left)}px`;
    read.style.top = `${scrollY + clientY + 14}px`;
  };
  const place = () => {
    const frame = svg.getBoundingClientRect();
    return { frame, scale: svg.viewBox.baseVal.width / frame.width };
  };
  const hide = () => { read.hidden = true; };

  svg.tabIndex = 0;
  for (const pointed of ["pointermove", "pointerdown"]) {
    svg.addEventListener(pointed, (event) => {
      const { frame, scale } = place();
      show((event.clientX - frame.left) * scale, event.clientX, event.clientY);
    });
  }
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    at = Math.min(stops.length - 1, Math.max(0, at + step));
    const { frame, scale } = place();
    show(stops[at], frame.left + stops[at] / scale, frame.top + 30);
  });
}

// A table that fits needs no stop of the tab key.
const stops = () => {
  for (const box of document.querySelectorAll(".scroll, pre")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", stops);
stops();

addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
