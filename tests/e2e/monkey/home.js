// The body of an async function of (steps): brings the page back to the deployment it begins with, everything folded, and
// with so many steps of undo, all of them small. Returns what can be seen of it.

const [steps] = arguments;
const click = async css => {
    const it = document.querySelector(css);
    it?.click();
    await settled();
};
const type = async (css, text) => {
    const field = document.querySelector(css);
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await settled();
};
const clear = async field => {
    if (!field.matches("input")) throw new Error(`no field, but ${field.localName}#${field.id}`);
    field.focus();
    await type("#" + field.id, "");
    field.blur();
    await settled();
};
const choose = async (css, value) => {
    const list = document.querySelector(css);
    list.value = value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    await settled();
};

await pass();
document.activeElement.blur();
await click("#pending button");
const told = new Promise(done => window.addEventListener("hashchange", done, { once: true }));
const before = location.href;
location.hash = window.homeLink;
if (location.href !== before) await told;
await settled();
await click(".notice[role=alert] button");
await click("#keep");
// All of the picture, in its place; compared with nothing; and no panel for other pages.
await click("#whole-window:checked");
await click(".filters button");
document.querySelector(".drawing").removeAttribute("data-zoomed");
await click(".embed .bar button:last-child");
await click("#tab-Flows");
if (document.querySelector("#pick-compare")) await choose("#pick-compare", "");
await click("#tab-Catalog");
await type("#query", "");
await click("#tab-Findings");
await choose("#pick-group", document.querySelector("#pick-group").options[0].value);
await choose("#pick-ways", "In");
await click(".texts button");
for (const field of ["#x-ports", "#x-purpose"]) await type(field, "");
// What could not be read stands where it was typed: said above the text if that is out of sight, else at the field.
for (let left = document.querySelectorAll(".note.unread").length; left > 0; left -= 1) {
    await click(".note.unread button");
    await clear(document.activeElement);
}
for (const field of document.querySelectorAll("input[aria-invalid=true]")) await clear(field);
for (let step = 0; step < steps; step += 1) await click("#role-smtp");
for (const it of document.querySelectorAll("details")) it.open = false;
getSelection().removeAllRanges();
scrollTo(0, 0);
// Messages that are shown for some time are gone.
await pass();
// Two frames: what is drawn holds on to nothing any more.
for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
// Only when it is looked at: what a command returns stays behind in the page, and this is 14 KB.
if (steps === 0) return null;
const shape = [...document.querySelectorAll("*")].map(it => it.localName + (it.id && "#" + it.id)).join(" ");
return { shape, text: document.querySelector("#snippet-text").textContent };
