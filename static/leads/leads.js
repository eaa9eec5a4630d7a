// The list of leads: ticking rows, and addresses without what is empty.
const bulk = document.getElementById("bulk");
const boxes = [...document.querySelectorAll("input[name=lead][form=bulk]")];
const all = document.getElementById("tick-all");
const button = document.querySelector("button[form=bulk]");

const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    button.disabled = ticked === 0;
    const { none, one, many } = button.dataset;
    button.textContent = ticked === 0 ? none : ticked === 1 ? one : many.replace("%s", ticked);
};

if (bulk && all && button) {
    all.addEventListener("change", () => {
        for (const box of boxes) {
            box.checked = all.checked;
        }
        count();
    });
    for (const box of boxes) {
        box.addEventListener("change", count);
    }
    // Also where the browser has ticked again what was ticked before one went back.
    window.addEventListener("pageshow", count);
}

document.getElementById("filters")?.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData.entries()]) {
        if (value === "") {
            formData.delete(name);
        }
    }
});
