// The charts of the usage overview. Their data, names and tones come from the server (jobs/exports/pages/usage_charts.py),
// their colours from static/css/exports-usage.css. Without this script the page's tables say the same.

import { record } from "./ui-events.js";

const root = document.querySelector(".usage");
const source = document.getElementById("usage-charts");
const { charts, words } = source ? JSON.parse(source.textContent) : { charts: {}, words: {} };
const language = document.documentElement.lang || "en";
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const contrast = matchMedia("(prefers-contrast: more)");
const drawn = new Map(); // element → chart

// --- numbers in words -----------------------------------------------------------------------------------
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const hundredth = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

function size(count) {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let power = 0;
    while (count >= 1000 && power < units.length - 1) {
        count /= 1024;
        power += 1;
    }
    return `${tenth.format(count)} ${units[power]}`;
}

function fill(text, values) {
    return text.replace(/%\((\w+)\)[sd]/g, (_, name) => values[name]);
}

function duration(count) {
    if (count < 10) return fill(words.seconds, { seconds: tenth.format(count) });
    const exact = Math.round(count);
    if (exact < 60) return fill(words.seconds, { seconds: exact });
    const minutes = Math.floor((exact % 3600) / 60);
    if (exact < 3600 && exact % 60 === 0) return fill(words.full_minutes, { minutes });
    if (exact < 3600) return fill(words.minutes, { minutes, seconds: exact % 60 });
    return fill(words.hours, { hours: Math.floor(exact / 3600), minutes });
}

const UNITS = {
    count: (count) => whole.format(count),
    bytes: size,
    seconds: duration,
    percent: (count) => `${hundredth.format(count)} %`,
};

// --- steps of an axis: round ones in the unit that is read ---------------------------------------------------
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

function roundStep(least) {
    const power = 10 ** Math.floor(Math.log10(least));
    return power * [1, 2, 5, 10].find((digit) => digit * power >= least * 0.999);
}

function step(unit, highest) {
    const least = highest / 4;
    if (unit === "bytes") {
        const scale = 1024 ** Math.max(0, Math.ceil(Math.log(highest / 1000) / Math.log(1024)));
        return Math.max(1, roundStep(least / scale) * scale);
    }
    if (unit === "seconds" && least > 1) return CLOCK.find((seconds) => seconds >= least) ?? roundStep(least / 3600) * 3600;
    return undefined; // the library's own are round
}

function steps(unit, all) {
    const highest = Math.max(...all.flatMap((one) => one.values.map((value) => value ?? 0)));
    const interval = highest > 0 ? step(unit, highest) : undefined;
    return interval ? { interval, max: Math.ceil(highest / interval) * interval } : { splitNumber: 4 };
}

// --- look -----------------------------------------------------------------------------------------------
const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

// The theme's colours are written as oklch(), which the chart library cannot mix: a painted dot says what they are.
function color(tone) {
    dot.clearRect(0, 0, 1, 1);
    dot.fillStyle = getComputedStyle(root).getPropertyValue(`--usage-${tone}`).trim();
    dot.fillRect(0, 0, 1, 1);
    const [red, green, blue] = dot.getImageData(0, 0, 1, 1).data;
    return `rgb(${red}, ${green}, ${blue})`;
}

function series(one, axis) {
    const base = { name: one.name, data: one.values, color: color(one.tone), emphasis: { focus: "series" } };
    if (one.kind === "bar") {
        const corner = axis === "ranking" ? [0, 2, 2, 0] : one.stack ? 0 : [2, 2, 0, 0];
        return { ...base, type: "bar", stack: one.stack || undefined, barMaxWidth: 22, itemStyle: { borderRadius: corner } };
    }
    const area = one.kind === "area" ? { areaStyle: { opacity: 0.12 } } : {};
    return { ...base, ...area, type: "line", showSymbol: one.values.length <= 31, symbolSize: 5, lineStyle: { width: 2 } };
}

// Built of elements, not of markup: names of people and datasets stay text.
function tip(unit, parts) {
    const list = document.createElement("div");
    list.className = "usage-tip";
    const add = (text, tone) => {
        const cell = list.appendChild(document.createElement("span"));
        if (tone) cell.appendChild(document.createElement("i")).style.background = tone;
        cell.append(text);
    };
    add(parts[0].axisValue);
    for (const part of parts) {
        add(part.seriesName, part.color);
        add(part.value == null ? words.nothing : UNITS[unit](part.value));
    }
    return list;
}

function option({ axis, labels, unit, series: all }) {
    const [text, line, ground] = [color("text"), color("line"), color("ground")];
    const ranking = axis === "ranking";
    const names = {
        type: "category",
        data: labels,
        inverse: ranking,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: line } },
        axisLabel: ranking
            ? { color: text, width: 110, overflow: "truncate" }
            : { color: text, hideOverlap: true, formatter: (day) => day.slice(5) },
    };
    const numbers = {
        type: "value",
        min: 0,
        minInterval: unit === "count" ? 1 : undefined,
        ...steps(unit, all),
        splitLine: { lineStyle: { color: line } },
        axisLabel: { color: text, hideOverlap: true, formatter: UNITS[unit] },
    };
    return {
        animation: !calm.matches,
        animationDuration: 300,
        aria: { enabled: false, decal: { show: contrast.matches } }, // the element has its own label
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
        grid: { left: 4, right: 16, top: all.length > 1 ? 36 : 16, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
        legend: all.length > 1 ? { top: 0, left: 0, type: "scroll", icon: "roundRect", itemWidth: 10, itemHeight: 10, itemGap: 16, textStyle: { color: text }, inactiveColor: line, pageTextStyle: { color: text }, pageIconColor: text, pageIconInactiveColor: line } : undefined,
        tooltip: {
            trigger: "axis",
            axisPointer: { type: ranking || all[0].kind === "bar" ? "shadow" : "line", lineStyle: { color: text }, shadowStyle: { opacity: 0.08, color: text } },
            confine: true,
            backgroundColor: ground,
            borderColor: line,
            textStyle: { color: text },
            formatter: (parts) => tip(unit, parts),
        },
        xAxis: ranking ? numbers : names,
        yAxis: ranking ? names : numbers,
        series: all.map((one) => series(one, axis)),
    };
}

// --- drawing --------------------------------------------------------------------------------------------
function redraw() {
    for (const [element, chart] of drawn) chart.setOption(option(charts[element.dataset.chart]), { notMerge: true });
    root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
}

function draw() {
    for (const element of root.querySelectorAll("[data-chart]")) {
        element.classList.add("is-drawn");
        drawn.set(element, globalThis.echarts.init(element, null, { renderer: "svg" }));
    }
    const widths = new ResizeObserver((entries) => {
        for (const { target } of entries) drawn.get(target).resize();
    });
    for (const element of drawn.keys()) widths.observe(element);
    redraw();
}

function print(begins) {
    root.classList.toggle("is-printed", begins);
    redraw();
    for (const chart of drawn.values()) chart.resize();
}

if (globalThis.echarts && Object.keys(charts).length) {
    draw();
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["class"] });
    for (const wish of [calm, contrast]) wish.addEventListener("change", redraw);
    addEventListener("beforeprint", () => print(true));
    addEventListener("afterprint", () => print(false));
}
record(root.dataset.pageView);
