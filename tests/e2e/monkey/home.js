// The body of an async function of (steps): brings the page back to the deployment it begins with, everything folded, and
// with so many steps of undo, all of them small.

const [steps] = arguments;
const { port1, port2 } = new MessageChannel();
const rendered = () => new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
const click = async css => {
    const it = document.querySelector(css);
    it?.click();
    await rendered();
};
const choose = async (css, value) => {
    const list = document.querySelector(css);
    list.value = value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    await rendered();
};

document.activeElement.blur();
await click("#pending button");
const told = new Promise(done => window.addEventListener("hashchange", done, { once: true }));
const before = location.href;
location.hash = window.homeLink;
if (location.href !== before) await told;
await rendered();
await click(".notice[role=alert] button");
await click("#keep");
await click("#tab-Catalog");
const query = document.querySelector("#query");
query.value = "";
query.dispatchEvent(new InputEvent("input", { bubbles: true }));
await rendered();
await click("#tab-Findings");
await choose("#pick-group", document.querySelector("#pick-group").options[0].value);
await choose("#pick-ways", "In");
await click(".texts button");
for (let step = 0; step < steps; step += 1) await click("#role-smtp");
for (const it of document.querySelectorAll("details")) it.open = false;
getSelection().removeAllRanges();
scrollTo(0, 0);
// A message that is shown for some time is gone, see before.js.
await new Promise(done => setTimeout(done));
while (document.querySelector(".toast[data-shown=true]")) await new Promise(requestAnimationFrame);
// Two frames: what is drawn holds on to nothing any more.
for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
return document.querySelector("#snippet-text").textContent;
