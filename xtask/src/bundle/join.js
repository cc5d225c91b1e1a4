// Puts a WebAssembly module together whose bytes were sorted by what they mean (`streams.rs` says how). What does not fit
// together is an error of the module, which the browser finds when it compiles it.
const join = (sorted) => {
    let at = 0;
    const number = () => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const byte = sorted[at++];
            value |= (byte & 127) << shift;
            if (byte < 128) return value;
        }
    };
    const out = new Uint8Array(number());
    // Where each stream goes on. What follows an instruction is named by letters, in the order of the streams.
    const next = [];
    const lengths = [];
    for (let stream = 0; stream < 15 + 4 * 256; stream++) lengths.push(number());
    for (const length of lengths) {
        next.push(at);
        at += length;
    }
    const operands = "..ddd.......eeT.fIf.............ghhiinn.MMMMMMMMMMMMMMMMMMMMMMMnnlm48";
    const extended = "000000002121212111";
    const [BODIES, INSTRUCTIONS, BRANCHES, LOADS, STORES, OTHERS, TAIL] = [1, 2, 4, 9, 10, 13, 14];
    // Parted further: reads and numbers by the instruction that follows, functions and loads by the one before.
    const parts = new Int16Array(15);
    [6, 11, 5, 9].forEach((stream, at) => (parts[stream] = 15 + 256 * at));
    let filled = 0;
    let instruction = 0;
    let before = 0;
    const take = (stream) => {
        const part = parts[stream];
        if (part) stream = part + (part < 400 ? sorted[next[INSTRUCTIONS]] : before);
        const byte = sorted[next[stream]++];
        out[filled++] = byte;
        // Most numbers are one byte.
        if (!(byte > 127)) return byte;
        let value = byte & 127;
        for (let shift = 7; ; shift += 7) {
            const byte = sorted[next[stream]++];
            out[filled++] = byte;
            value |= (byte & 127) << shift;
            if (!(byte > 127)) return value;
        }
    };
    const copy = (stream, count) => {
        const from = next[stream];
        out.set(sorted.subarray(from, from + count), filled);
        next[stream] += count;
        filled += count;
    };
    copy(0, lengths[0]);
    // The number of bodies stands in the head already.
    at = next[BODIES];
    let bodies = number();
    next[BODIES] = at;
    for (; bodies > 0; bodies--) {
        const size = take(BODIES);
        const end = filled + size;
        for (let locals = take(BODIES); locals > 0; locals--) {
            take(BODIES);
            copy(BODIES, 1);
        }
        instruction = 0;
        while (filled < end) {
            before = instruction;
            instruction = sorted[next[INSTRUCTIONS]++];
            out[filled++] = instruction;
            const kind = operands[instruction];
            if (kind >= "a") take(kind.charCodeAt(0) - 97);
            else if (kind === "M") {
                // The alignment is only a hint: one byte is always right.
                filled++;
                take(instruction < 0x36 ? LOADS : STORES);
            } else if (kind === "T") for (let left = take(BRANCHES); left >= 0; left--) take(BRANCHES);
            else if (kind > "0" && kind < "9") copy(OTHERS, +kind);
            else if (kind === "I" || instruction === 0xd0 || instruction === 0xd2) {
                take(OTHERS);
                if (kind) take(OTHERS);
            } else if (instruction === 0xfc) for (let left = +extended[take(OTHERS)]; left > 0; left--) take(OTHERS);
        }
    }
    copy(TAIL, lengths[TAIL]);
    return out;
};
