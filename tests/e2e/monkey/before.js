// Runs before the page's own scripts: keeps what the monkey does inside the page, is its clock, and lets its memory be measured.

// The page's memory, once it is there.
for (const name of ["instantiate", "instantiateStreaming"]) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
        const made = await native.apply(WebAssembly, given);
        window.pageMemory = (made.instance ?? made).exports.memory;
        return made;
    };
}
// Nothing is downloaded, opened or printed; what would have been is counted.
window.left = { downloads: 0, links: 0, prints: 0, copies: 0 };
window.print = () => { left.prints += 1; };
window.open = () => { left.links += 1; return null; };
URL.createObjectURL = () => "data:,monkey";
document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href]");
    if (!link || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    left[link.hasAttribute("download") ? "downloads" : "links"] += 1;
}, true);
// Every third copy is refused, as a browser may.
const copied = async () => {
    if (left.copies++ % 3 === 2) throw new DOMException("refused", "NotAllowedError");
};
if (navigator.clipboard) Object.assign(navigator.clipboard, { writeText: copied, write: copied });
// The same events must do the same in every run, so the clock is not asked: what the page does after some time waits until
// the monkey lets time pass, in the order of a real clock.
const native = { set: window.setTimeout.bind(window), clear: window.clearTimeout.bind(window) };
const soon = new Set();
let [waiting, now, number, travels] = [[], 0, 1e9, 0];
window.setTimeout = (what, time = 0, ...given) => {
    // The driver's own is longer than any of the page's.
    if (time > 10_000) return native.set(what, time, ...given);
    if (time >= 100) {
        number += 1;
        waiting.push({ number, due: now + time, run: () => what(...given) });
        return number;
    }
    const id = native.set(() => {
        soon.delete(id);
        what(...given);
    }, time);
    soon.add(id);
    return id;
};
window.clearTimeout = id => {
    waiting = waiting.filter(it => it.number !== id);
    soon.delete(id);
    native.clear(id);
};
// Who sends the browser elsewhere is told nothing; this tells when it is there.
history.go = steps => {
    const there = navigation.entries()[navigation.currentEntry.index + steps];
    if (!there) return;
    travels += 1;
    Promise.allSettled(Object.values(navigation.traverseTo(there.key))).then(() => { travels -= 1; });
};
const { port1, port2 } = new MessageChannel();
const turn = () => new Promise(done => { port1.onmessage = done; port2.postMessage(0); });
// Until everything is done that the page does at once: it draws a large deployment in pieces.
window.settled = async () => {
    await turn();
    do await turn(); while (soon.size || travels);
};
// Until everything is done that the page does at all.
window.pass = async () => {
    await settled();
    while (waiting.length) {
        const next = waiting.reduce((first, it) => it.due < first.due ? it : first);
        waiting = waiting.filter(it => it !== next);
        now = next.due;
        next.run();
        await settled();
    }
};
