// Choosing a time by dragging over the bars of a chart (data-brush). Every bar is a link to its own time; a drag leads
// to the link of the first bar, with the end of the last one.
for (const figure of document.querySelectorAll("[data-brush]")) {
    const bars = [...figure.querySelectorAll("a[data-from]")];
    const svg = figure.querySelector("svg");
    let start = null;
    let end = null;

    const at = (event) => {
        const box = svg.getBoundingClientRect();
        const place = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
        return Math.min(Math.max(place, 0), bars.length - 1);
    };

    const chosen = () => [Math.min(start, end), Math.max(start, end)];

    const paint = () => {
        const [first, last] = start === null ? [1, 0] : chosen();
        bars.forEach((bar, place) => bar.classList.toggle("brushed", place >= first && place <= last));
    };

    const open = () => {
        const [first, last] = chosen();
        const address = new URL(bars[first].href.baseVal, window.location.href);
        address.searchParams.set("to", bars[last].dataset.to);
        window.location.assign(address);
    };

    if (svg) {
        figure.classList.add("ready");
        svg.addEventListener("pointerdown", (event) => {
            if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
                return;
            }
            event.preventDefault();
            start = end = at(event);
            svg.setPointerCapture(event.pointerId);
            paint();
        });
        svg.addEventListener("pointermove", (event) => {
            if (start !== null) {
                end = at(event);
                paint();
            }
        });
        svg.addEventListener("pointerup", (event) => {
            if (start !== null) {
                end = at(event);
                open();
            }
        });
        svg.addEventListener("pointercancel", () => {
            start = end = null;
            paint();
        });
        // The drag has decided where to go.
        svg.addEventListener("click", (event) => {
            if (start !== null) {
                event.preventDefault();
            }
        });
        document.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && start !== null) {
                start = end = null;
                paint();
            }
        });
    }
}
