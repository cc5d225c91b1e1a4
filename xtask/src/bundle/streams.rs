//! Sorts the bytes of a WebAssembly module by what they mean (instructions, locals, functions, numbers, offsets, …), which
//! packs better than one after the other. `join.js` puts them together again in the page. Never changes what the module does:
//! only the alignment hints of loads and stores are left out, which engines are free to ignore.
//!
//! The form: numbers as in WebAssembly (LEB128, unsigned): the length of the module, the lengths of all streams; then the
//! streams, in the order of [`Stream`], then those of [`PARTED`], of each as many as there are bytes: one for every instruction
//! that may be beside it, which tells much of what a number is for (the page is 6 KB smaller by it).

use crate::Result;

/// The kinds of bytes. The letters of [`OPERANDS`] name those that no code here does.
#[allow(dead_code, reason = "named by letters")]
#[derive(Clone, Copy)]
enum Stream {
    /// Everything up to the first function body.
    Head,
    /// Sizes of function bodies, and their locals.
    Bodies,
    Instructions,
    BlockTypes,
    Branches,
    Functions,
    Reads,
    Writes,
    Globals,
    Loads,
    Stores,
    Numbers,
    LongNumbers,
    /// What is rare.
    Others,
    /// Everything after the last function body.
    Tail,
}

const STREAMS: usize = Stream::Tail as usize + 1;
/// The kinds that are parted further: the first two by the instruction that follows, the others by the one before.
const PARTED: [Stream; 4] = [Stream::Reads, Stream::Numbers, Stream::Functions, Stream::Loads];
const ALL: usize = STREAMS + 256 * PARTED.len();

/// What follows an instruction, as `join.js` has it in one string: a letter for the stream of one number, from `a` for the
/// first one; `.` for nothing; `T` for a table of branches; `I` for an indirect call; `M` for what reaches memory; `4` and `8`
/// for so many bytes. Above the last comes nothing but the extended instructions (0xfc) and references to functions.
pub const OPERANDS: &[u8; 0x45] = b"..ddd.......eeT.fIf.............ghhiinn.MMMMMMMMMMMMMMMMMMMMMMMnnlm48";
/// How many numbers follow each extended instruction.
pub const EXTENDED: &[u8; 18] = b"000000002121212111";

/// The module, sorted.
///
/// # Errors
/// Bytes that are no module, or hold instructions that `join.js` does not know.
pub fn sort(module: &[u8]) -> Result<Vec<u8>> {
    let mut from = Reader { bytes: module, at: 8 };
    let mut streams = vec![Vec::new(); ALL];
    // The section of code, and the first body in it.
    loop {
        let (id, size) = (from.byte()?, from.number()?);
        if id == 10 {
            break;
        }
        from.skip(size)?;
    }
    let bodies = from.number()?;
    streams[Stream::Head as usize].extend_from_slice(&module[..from.at]);
    write(&mut streams[Stream::Bodies as usize], bodies);
    for _ in 0..bodies {
        body(&mut from, &mut streams)?;
    }
    streams[Stream::Tail as usize].extend_from_slice(&module[from.at..]);
    let mut sorted = Vec::with_capacity(module.len());
    write(&mut sorted, module.len());
    streams.iter().for_each(|stream| write(&mut sorted, stream.len()));
    streams.iter().for_each(|stream| sorted.extend_from_slice(stream));
    Ok(sorted)
}

fn body(from: &mut Reader, streams: &mut [Vec<u8>]) -> Result {
    let start = from.at;
    let size = from.number()?;
    let end = from.at + size;
    for _ in 0..from.number()? {
        from.number()?;
        from.byte()?;
    }
    streams[Stream::Bodies as usize].extend_from_slice(&from.bytes[start..from.at]);
    let mut instruction = 0;
    while from.at < end {
        let before = usize::from(instruction);
        instruction = from.byte()?;
        streams[Stream::Instructions as usize].push(instruction);
        let mut take = |from: &mut Reader, stream: usize| -> Result<usize> {
            let start = from.at;
            let value = from.number()?;
            let parted = PARTED.iter().position(|parted| *parted as usize == stream);
            // Something follows: the last instruction of a body is its end.
            let next = usize::from(*from.bytes.get(from.at).unwrap_or(&0));
            let beside = |parted| if parted < 2 { next } else { before };
            let stream = parted.map_or(stream, |parted| STREAMS + 256 * parted + beside(parted));
            streams[stream].extend_from_slice(&from.bytes[start..from.at]);
            Ok(value)
        };
        let others = Stream::Others as usize;
        match OPERANDS.get(usize::from(instruction)) {
            Some(stream @ b'a'..=b'o') => drop(take(from, usize::from(stream - b'a'))?),
            Some(b'T') => {
                for _ in 0..=take(from, Stream::Branches as usize)? {
                    take(from, Stream::Branches as usize)?;
                }
            }
            Some(b'I') => {
                take(from, others)?;
                take(from, others)?;
            }
            Some(b'M') => {
                let stream = if instruction < 0x36 { Stream::Loads } else { Stream::Stores };
                if from.number()? > 63 {
                    return Err("the WebAssembly has more than one memory".into());
                }
                take(from, stream as usize)?;
            }
            Some(bytes @ (b'4' | b'8')) => {
                let (start, count) = (from.at, usize::from(bytes - b'0'));
                from.skip(count)?;
                streams[others].extend_from_slice(&from.bytes[start..from.at]);
            }
            None if instruction == 0xfc => {
                let more =
                    EXTENDED.get(take(from, others)?).ok_or("an instruction that the page cannot put together")?;
                for _ in b'0'..*more {
                    take(from, others)?;
                }
            }
            None if matches!(instruction, 0xd0 | 0xd2) => drop(take(from, others)?),
            None if instruction < 0xc5 || instruction == 0xd1 => {}
            Some(b'.') => {}
            _ => return Err(format!("the page cannot put instruction {instruction:#x} together").into()),
        }
    }
    if from.at == end { Ok(()) } else { Err("a function of the WebAssembly does not end where it should".into()) }
}

/// Writes a number as WebAssembly does.
fn write(to: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        to.push(128 | (number & 127) as u8);
        number >>= 7;
    }
    to.push(number as u8);
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or("the WebAssembly is cut off")?;
        self.at += 1;
        Ok(byte)
    }

    /// A number; signed ones come out as another one, which nobody asks for.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 127).checked_shl(shift).unwrap_or(0);
            if byte < 128 {
                return Ok(number);
            }
        }
        Err("the WebAssembly holds a number without an end".into())
    }

    fn skip(&mut self, count: usize) -> Result {
        self.at += count;
        if self.at > self.bytes.len() { Err("the WebAssembly is cut off".into()) } else { Ok(()) }
    }
}
