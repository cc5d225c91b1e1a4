//! A picture of the page made small and grey, and how far two of them are apart. Never says how far is too far.

use std::fs::{self, File};
use std::io::{BufWriter, Cursor};
use std::path::Path;

/// So many points of the screen, in each direction, are one of a thumbnail: their average, in which a font drawn a little
/// bolder or thinner hardly counts.
pub const SCALE: usize = 4;

/// So many points of a thumbnail, in each direction, are compared as one cell: 16 by 16 on the screen, less than a button.
const CELL: usize = 4;

/// A small grey picture.
#[derive(PartialEq)]
pub struct Thumbnail {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

/// Where two pictures differ most.
#[derive(Clone, Copy, Debug)]
pub struct Worst {
    /// The mean difference of the points of this cell, in steps of grey of which white is 255.
    pub difference: f64,
    /// Where the cell begins, in points of the screen.
    pub at: (usize, usize),
}

impl Thumbnail {
    /// Of a screenshot.
    pub fn of(png: &[u8]) -> Self {
        let (width, height, colours, bytes) = decode(png);
        let (small_width, small_height) = (width.div_ceil(SCALE), height.div_ceil(SCALE));
        let mut sums = vec![(0, 0); small_width * small_height];
        for (at, point) in bytes.chunks_exact(colours).enumerate() {
            let (x, y) = (at % width, at / width);
            let sum: &mut (u32, u32) = &mut sums[y / SCALE * small_width + x / SCALE];
            *sum = (sum.0 + luminance(point), sum.1 + 1);
        }
        let grey = sums.iter().map(|(sum, count)| u8::try_from(sum / count).expect("a mean of bytes")).collect();
        Self { width: small_width, height: small_height, grey }
    }

    /// From a file; `None` if there is none.
    pub fn read(path: &Path) -> Option<Self> {
        let (width, height, colours, grey) = decode(&fs::read(path).ok()?);
        assert_eq!(colours, 1, "{}: not a thumbnail", path.display());
        Some(Self { width, height, grey })
    }

    /// Into a file.
    pub fn write(&self, path: &Path) {
        encode(path, (self.width, self.height), png::ColorType::Grayscale, &self.grey);
    }

    /// The size, in points of the screen.
    pub fn size(&self) -> (usize, usize) {
        (self.width * SCALE, self.height * SCALE)
    }

    /// The cell in which two pictures of one size differ most.
    pub fn worst(&self, other: &Self) -> Worst {
        let worst = self.cells(other).into_iter().max_by(|one, two| one.difference.total_cmp(&two.difference));
        worst.expect("a picture is not empty")
    }

    /// The difference of every cell.
    fn cells(&self, other: &Self) -> Vec<Worst> {
        assert_eq!(self.size(), other.size());
        let across = self.width.div_ceil(CELL);
        let mut sums = vec![(0, 0); across * self.height.div_ceil(CELL)];
        for (at, (one, two)) in self.grey.iter().zip(&other.grey).enumerate() {
            let sum: &mut (u32, u32) = &mut sums[at / self.width / CELL * across + at % self.width / CELL];
            *sum = (sum.0 + u32::from(one.abs_diff(*two)), sum.1 + 1);
        }
        let cell = |(at, (sum, count)): (usize, &(u32, u32))| Worst {
            difference: f64::from(*sum) / f64::from(*count),
            at: (at % across * CELL * SCALE, at / across * CELL * SCALE),
        };
        sums.iter().enumerate().map(cell).collect()
    }

    /// Writes what is here, faint, with every cell that is further from the other picture than `tolerance` in red.
    pub fn write_difference(&self, other: &Self, tolerance: f64, path: &Path) {
        let mut points: Vec<[u8; 3]> = self.grey.iter().map(|grey| [128 + grey / 2; 3]).collect();
        for cell in self.cells(other).iter().filter(|cell| cell.difference > tolerance) {
            let (left, top) = (cell.at.0 / SCALE, cell.at.1 / SCALE);
            for y in top..(top + CELL).min(self.height) {
                for point in &mut points[y * self.width..][left..(left + CELL).min(self.width)] {
                    *point = [200, point[1] / 3, point[2] / 3];
                }
            }
        }
        encode(path, (self.width, self.height), png::ColorType::Rgb, &points.concat());
    }
}

/// How bright a point is, of 255.
fn luminance(point: &[u8]) -> u32 {
    match point {
        [red, green, blue, ..] => (299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue)) / 1000,
        _ => point.first().copied().unwrap_or_default().into(),
    }
}

/// Width, height, colours of a point, and all points.
fn decode(png: &[u8]) -> (usize, usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("a whole PNG");
    assert_eq!(info.bit_depth, png::BitDepth::Eight);
    (info.width as usize, info.height as usize, info.color_type.samples(), bytes)
}

fn encode(path: &Path, (width, height): (usize, usize), colour: png::ColorType, bytes: &[u8]) {
    let file = File::create(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let number = |length: usize| u32::try_from(length).expect("a picture");
    let mut encoder = png::Encoder::new(BufWriter::new(file), number(width), number(height));
    encoder.set_color(colour);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("a file to write to");
    writer.write_image_data(bytes).expect("a file to write to");
    writer.finish().expect("a file to write to");
}
