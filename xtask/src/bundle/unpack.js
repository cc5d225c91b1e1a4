// Unpacks LZMA, as its specification describes it (lzma-specification.txt of Igor Pavlov's LZMA SDK, in the public domain),
// for what the bundler writes: a `.lzma` file whose contexts do not depend on positions (lp = pb = 0). Begins with a piece of it
// that holds the header, and returns a function that goes on with one more, or makes an end where there is none. Pieces hold a
// byte in each character. What is damaged or cut off is an error at the end; every step makes a byte, so there is one.
const unpack = (packed) => {
    const byte = (at) => packed.charCodeAt(at);
    // The header: the bits of the byte before that choose the chances of a literal; the size of the dictionary, which is
    // not needed, since everything is kept; the size of the whole, below 16 MB.
    const literalBits = byte(0);
    const out = new Uint8Array(byte(5) | (byte(6) << 8) | (byte(7) << 16));

    // The chance of a zero, in 2048ths, for each bit that is decoded: one of them per state, or a binary tree of them.
    const states = 12;
    const isMatch = 0;
    const isRepeat = isMatch + states;
    const isOlder = isRepeat + states;
    const isThird = isOlder + states;
    const isFourth = isThird + states;
    const isLonger = isFourth + states;
    const slots = isLonger + states;
    const nearDistances = slots + 4 * 64;
    const alignment = nearDistances + 115;
    const matchLengths = alignment + 16;
    const repeatLengths = matchLengths + 274;
    const literals = repeatLengths + 274;
    const chances = new Uint16Array(literals + (0x300 << literalBits)).fill(1024);

    // The range decoder. Its two numbers have 32 bits: in an array of such they are never boxed. Its first byte is always zero.
    let next = 18;
    const [RANGE, CODE] = [0, 1];
    const coder = new Uint32Array(2);
    coder[RANGE] = 0xffffffff;
    coder[CODE] = (byte(14) << 24) | (byte(15) << 16) | (byte(16) << 8) | byte(17);
    const refill = () => {
        if (coder[RANGE] < 0x1000000) {
            coder[RANGE] <<= 8;
            coder[CODE] = (coder[CODE] << 8) | byte(next++);
        }
    };
    const bit = (at) => {
        const chance = chances[at];
        const bound = (coder[RANGE] >>> 11) * chance;
        const one = coder[CODE] >= bound;
        if (one) {
            coder[RANGE] -= bound;
            coder[CODE] -= bound;
            chances[at] -= chance >> 5;
        } else {
            coder[RANGE] = bound;
            chances[at] += (2048 - chance) >> 5;
        }
        refill();
        return one ? 1 : 0;
    };
    // Bits that are as likely zero as one.
    const plain = (bits) => {
        let value = 0;
        for (; bits > 0; bits--) {
            coder[RANGE] >>>= 1;
            const one = coder[CODE] >= coder[RANGE];
            if (one) coder[CODE] -= coder[RANGE];
            value = (value << 1) | one;
            refill();
        }
        return value;
    };
    // A number whose bits each have chances that depend on those before: the highest bit first, or the lowest.
    const tree = (at, bits) => {
        let node = 1;
        for (let left = bits; left > 0; left--) node = (node << 1) | bit(at + node);
        return node - (1 << bits);
    };
    const reversed = (at, bits) => {
        let node = 1;
        let value = 0;
        for (let done = 0; done < bits; done++) {
            const one = bit(at + node);
            node = (node << 1) | one;
            value |= one << done;
        }
        return value;
    };
    const length = (at) => {
        if (!bit(at)) return 2 + tree(at + 2, 3);
        if (!bit(at + 1)) return 10 + tree(at + 10, 3);
        return 18 + tree(at + 18, 8);
    };

    // How many bytes are there; what the last steps were (literals below 7); and the last four distances, less one.
    let kept = [0, 0, 0, 0, 0, 0];
    return (more) => {
        packed += more ?? "";
        // No step reads more than 64 bytes: it has some fifty bits, each of them more likely than one in seventy.
        const most = packed.length - (more === undefined ? 0 : 64);
        // The loop has numbers of its own: those that functions share are slower.
        let [filled, state, first, second, third, fourth] = kept;
        while (filled < out.length && next <= most) {
            if (!bit(isMatch + state)) {
                const before = filled ? out[filled - 1] : 0;
                const at = literals + 0x300 * (before >> (8 - literalBits));
                let node = 1;
                if (state >= 7) {
                    // Not what stands at the last distance, or it would be a match: chances of their own up to where it differs.
                    let expected = out[filled - first - 1];
                    let same = true;
                    while (same && node < 0x100) {
                        expected <<= 1;
                        const guess = expected & 0x100;
                        const one = bit(at + 0x100 + guess + node);
                        node = (node << 1) | one;
                        same = guess >> 8 === one;
                    }
                }
                while (node < 0x100) node = (node << 1) | bit(at + node);
                out[filled++] = node;
                state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
                continue;
            }
            const afterLiteral = state < 7;
            let count = 1;
            if (!bit(isRepeat + state)) {
                fourth = third;
                third = second;
                second = first;
                count = length(matchLengths);
                // A slot is the highest two bits of the distance, and how many follow.
                const slot = tree(slots + 64 * Math.min(count - 2, 3), 6);
                const bits = (slot >> 1) - 1;
                first = slot < 4 ? slot : (2 | (slot & 1)) << bits;
                if (slot >= 14) first += (plain(bits - 4) << 4) + reversed(alignment, 4);
                else if (slot >= 4) first += reversed(nearDistances + first - slot, bits);
                state = afterLiteral ? 7 : 10;
            } else if (bit(isOlder + state)) {
                // An older distance becomes the last one, and those before it move on.
                let again = second;
                if (bit(isThird + state)) {
                    again = third;
                    if (bit(isFourth + state)) {
                        again = fourth;
                        fourth = third;
                    }
                    third = second;
                }
                second = first;
                first = again;
                count = length(repeatLengths);
                state = afterLiteral ? 8 : 11;
            } else if (bit(isLonger + state)) {
                count = length(repeatLengths);
                state = afterLiteral ? 8 : 11;
            } else {
                state = afterLiteral ? 9 : 11;
            }
            // Unsigned: a distance of 2³¹ is not a negative one.
            if (first >>> 0 >= filled || filled + count > out.length) break;
            for (; count > 0; count--, filled++) out[filled] = out[filled - first - 1];
        }
        kept = [filled, state, first, second, third, fourth];
        // The code of a whole file ends at zero, at its last byte; a damaged one leads elsewhere.
        if (more === undefined && (filled < out.length || coder[CODE] !== 0 || next !== packed.length)) throw new Error("damaged or cut off");
        return out;
    };
};
