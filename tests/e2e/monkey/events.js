// The body of an async function of (first, count): does the events `first` to `first + count - 1`, each followed by
// everything that the page does about it. The same number does the same to the same page. Returns what was done of each
// kind, and what must not be.

const [first, count] = arguments;

// Numbers that look random and are the same everywhere (mulberry32, begun anew for every event).
let state = 0;
const random = below => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
};
const one = list => list[random(list.length)];

const TEXTS = [
    "192.0.2.7", "2001:db8::7", "198.51.100.0/24", "192.0.2.9-192.0.2.12", "host.example.test", "any", "", " ", "0", "65536",
    "443", "9443", "1e3", "010.0.0.1", "10.1", "::", "9600-9610", "web", "3", "1000", "-1", "x".repeat(250),
    "שרת הניתוח", "😀 \u202e txt", "$(reboot) `id` ' \" \\ %PATH% & | > < ; #", "</pre><b>", "a\nb\tc", "\u0000\uFFFD",
    Array.from({ length: 80 }, (_, at) => `192.0.2.${at}`).join(", "),
];
const KEYS = [
    "Enter", " ", "Escape", "Tab", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Delete", "Backspace",
    "PageDown", "?", "/", "F1", "a", "z", "y",
];

// What is behind the picture over the whole window is there, but nobody can reach it.
const visible = css => [...document.querySelectorAll(css)].filter(it => it.checkVisibility({ visibilityProperty: true }) && !it.disabled);
const TYPED = "input:not([type=checkbox], [type=radio], [type=file]), textarea";
const wrong = [];

// What a browser does with text that comes into a field; a field that is typed into keeps the focus.
const put = async (field, text) => {
    field.focus();
    // A field for numbers takes no others.
    field.value = field.type === "number" && !/^-?\d+$/.test(text) ? "" : text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }));
    await settled();
    if (document.activeElement !== field) wrong.push(`${field.id} lost the focus while ${JSON.stringify(text)} was typed`);
};
const key = (target, name) => {
    const held = { ctrlKey: random(3) === 0, shiftKey: random(3) === 0, altKey: random(8) === 0 };
    for (const kind of ["keydown", "keyup"]) {
        target.dispatchEvent(new KeyboardEvent(kind, { key: name, bubbles: true, cancelable: true, ...held }));
    }
};
const traverse = async step => {
    // Only among the states of this very page.
    const there = navigation.entries()[navigation.currentEntry.index + step];
    if (!there?.sameDocument) return;
    // The page may go elsewhere meanwhile.
    await Promise.allSettled(Object.values(navigation.traverseTo(there.key)));
};

const EVENTS = {
    click: () => {
        const target = one(visible("button, summary, a[href], label, input[type=checkbox], input[type=radio], [tabindex]"));
        target.focus();
        // What is drawn (SVG) has no such method.
        if (target.click) target.click();
        else target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    },
    type: async () => {
        const field = one(visible(TYPED));
        if (!field) return;
        const text = one(TEXTS);
        // Key by key, after what is there or in its place.
        const before = random(3) ? "" : field.value;
        const keys = [...text].slice(0, 1 + random(6));
        for (let at = 1; at <= keys.length && field.isConnected; at += 1) {
            await put(field, before + keys.slice(0, at).join(""));
        }
    },
    paste: async () => {
        const field = random(4) ? one(visible(TYPED)) : undefined;
        const text = one(TEXTS);
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
        field?.focus();
        if ((field ?? document.body).dispatchEvent(paste) && field) await put(field, field.value + text);
    },
    blur: () => document.activeElement.blur(),
    key: () => key(random(2) ? document.activeElement : document.body, one(KEYS)),
    undo: () => key(document.body, one(["z", "y"])),
    select: () => {
        const list = one(visible("select"));
        if (!list) return;
        list.focus();
        list.selectedIndex = random(list.options.length);
        for (const kind of ["input", "change"]) list.dispatchEvent(new Event(kind, { bubbles: true }));
    },
    point: () => {
        const target = one(visible("#app *"));
        for (const kind of ["pointerover", "mouseover", "mousemove", "pointerout", "mouseout"]) {
            target.dispatchEvent(new MouseEvent(kind, { bubbles: true }));
        }
    },
    link: async () => {
        const before = location.href;
        const told = new Promise(done => window.addEventListener("hashchange", done, { once: true }));
        location.hash = one(["", "1;", "1;g3.a=192.0.2.49;zz", "hello", window.firstLink ?? "2;"]);
        if (location.href !== before) await told;
    },
    back: () => traverse(-1),
    forward: () => traverse(1),
    resize: () => window.dispatchEvent(new Event("resize")),
};
const WEIGHTS = {
    click: 30, type: 14, paste: 6, blur: 4, key: 10, undo: 6, select: 14, point: 6, link: 2, back: 4, forward: 3, resize: 1,
};
const lots = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array(weight).fill(name));

const done = {};
for (let at = first; at < first + count; at += 1) {
    state = Math.imul(at + 1, 0x9e3779b1);
    random(2);
    const name = one(lots);
    await EVENTS[name]();
    await settled();
    // One who is quick does the next thing before the page has done all it does about this one.
    if (random(3)) await pass();
    done[name] = (done[name] ?? 0) + 1;
    if (!document.querySelector("#start-error[hidden]")) wrong.push("the page has failed");
    const release = document.querySelector("#pick-release").value;
    const drawn = document.querySelector("#diagram-title").textContent;
    if (!drawn.startsWith(`Spotfire ${release}:`)) wrong.push(`the list shows ${release}, the picture is of ${drawn}`);
    if (wrong.length) return { done, wrong, at, name };
}
return { done, wrong, left: window.left, at: first + count };
