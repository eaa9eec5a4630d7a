// The form of a mission: icons to click below the field that names one.
addEventListener("DOMContentLoaded", () => {
    const input = document.querySelector("[data-icon]");
    const icons = document.getElementById("icons");
    if (!input || !icons) {
        return;
    }
    const show = () => {
        for (const button of icons.children) {
            button.ariaPressed = String(button.dataset.name === input.value);
        }
    };
    input.after(icons);
    icons.hidden = false;
    icons.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button) {
            input.value = button.dataset.name;
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }
    });
    input.addEventListener("input", show);
    show();
});
