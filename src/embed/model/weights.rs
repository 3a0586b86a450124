//! Reads the published weights file of multilingual-e5-small (4-bit blocks, "E5S1", little endian).
//!
//! Layout: header, tokeniser (pieces and scores), normaliser table (not needed, NFKC is the same on text), tensor
//! directory, tensors. Every offset is checked: a damaged file is an error, never a panic.

use std::collections::BTreeMap;

/// Weights in one block that share a scale.
pub const BLOCK: usize = 32;
/// Bytes of a block: a 16-bit scale and 32 weights of 4 bits.
const BLOCK_BYTES: usize = 18;

/// Why a weights file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It ends too early.
    #[error("the weights file ends at byte {at} while {wanted} more are wanted")]
    Short {
        /// Where.
        at: usize,
        /// How many.
        wanted: usize,
    },
    /// It is something else.
    #[error("the weights file is not what is expected: {0}")]
    Unexpected(String),
}

/// The model's sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Components of a hidden state, and of the vector.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward part.
    pub feed_forward: usize,
    /// Rows of the word table.
    pub words: usize,
    /// Tokens that the model can read.
    pub positions: usize,
    /// Layer norm's epsilon.
    pub epsilon: f32,
}

/// One matrix in 4-bit blocks, `[rows, columns]`: per block a scale, and nibbles in natural order, low nibble first.
pub struct Quantised {
    /// Rows (outputs).
    pub rows: usize,
    /// Columns (inputs).
    pub columns: usize,
    /// `rows * columns / 32` scales, the file's 16-bit floats.
    pub scales: Vec<u16>,
    /// `rows * columns / 2` bytes: byte i holds weight 2i in its low and 2i + 1 in its high nibble; 8 stands for 0.
    pub nibbles: Vec<u8>,
}

impl Quantised {
    /// The weights as they were, row by row.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        self.integers().zip(0usize..).map(|(value, at)| {
            let scale = self.scales.get(at / BLOCK).copied().map_or(0.0, half);
            f32::from(value) * scale
        })
    }

    /// The weights without their scales, -8 to 7, row by row.
    pub fn integers(&self) -> impl Iterator<Item = i8> + '_ {
        self.nibbles
            .iter()
            .flat_map(|&byte| [(byte & 15) as i8 - 8, (byte >> 4) as i8 - 8])
    }
}

/// The whole file.
pub struct Weights {
    /// Sizes.
    pub shape: Shape,
    /// The tokeniser's pieces with their scores, in order of id.
    pub pieces: Vec<(String, f32)>,
    tensors: BTreeMap<String, (usize, usize)>,
    bytes: Vec<u8>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: usize) -> Result<&'a [u8], WeightsError> {
        let end = self.at.checked_add(wanted);
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or(WeightsError::Short { at: self.at, wanted })?;
        self.at += wanted;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let at = self.at;
        self.take(N)?
            .try_into()
            .map_err(|_| WeightsError::Short { at, wanted: N })
    }

    fn u32(&mut self) -> Result<u32, WeightsError> {
        self.array().map(u32::from_le_bytes)
    }

    fn size(&mut self) -> Result<usize, WeightsError> {
        Ok(self.u32()? as usize)
    }

    fn long(&mut self) -> Result<usize, WeightsError> {
        let value = u64::from_le_bytes(self.array()?);
        usize::try_from(value).map_err(|_| WeightsError::Unexpected(format!("a length of {value}")))
    }
}

impl Weights {
    /// Reads header, tokeniser and directory, and checks that every tensor lies within the file.
    ///
    /// # Errors
    /// [`WeightsError`] for a file that is cut short or of another kind.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let mut reader = Reader { bytes: &bytes, at: 0 };
        if reader.take(4)? != b"E5S1" {
            return Err(WeightsError::Unexpected("it does not begin with E5S1".to_owned()));
        }
        let _version = reader.u32()?;
        let mut size = || reader.size();
        let (hidden, layers, heads, feed_forward) = (size()?, size()?, size()?, size()?);
        let (words, positions, _types) = (size()?, size()?, size()?);
        let epsilon = f32::from_bits(reader.u32()?);
        let block = reader.size()?;
        if block != BLOCK || heads == 0 || hidden % heads != 0 || hidden % BLOCK != 0 || feed_forward % BLOCK != 0 {
            return Err(WeightsError::Unexpected(format!(
                "block {block}, hidden {hidden}, heads {heads}"
            )));
        }
        let shape = Shape {
            hidden,
            layers,
            heads,
            feed_forward,
            words,
            positions,
            epsilon,
        };
        let pieces = read_pieces(&mut reader)?;
        skip_normaliser(&mut reader)?;
        let tensors = read_directory(&mut reader)?;
        Ok(Self {
            shape,
            pieces,
            tensors,
            bytes,
        })
    }

    fn raw(&self, name: &str) -> Result<&[u8], WeightsError> {
        let (offset, length) = self
            .tensors
            .get(name)
            .ok_or_else(|| WeightsError::Unexpected(format!("no tensor {name}")))?;
        let end = offset.checked_add(*length);
        end.and_then(|end| self.bytes.get(*offset..end))
            .ok_or(WeightsError::Short {
                at: *offset,
                wanted: *length,
            })
    }

    /// A tensor of `count` 32-bit floats, as little-endian bytes.
    ///
    /// # Errors
    /// [`WeightsError`] when it is missing or of another size.
    pub fn floats(&self, name: &str, count: usize) -> Result<Vec<u8>, WeightsError> {
        let raw = self.raw(name)?;
        if raw.len() != count * 4 {
            return Err(WeightsError::Unexpected(format!(
                "tensor {name} has {} bytes, not {}",
                raw.len(),
                count * 4
            )));
        }
        Ok(raw.to_vec())
    }

    /// A matrix in 4-bit blocks.
    ///
    /// # Errors
    /// [`WeightsError`] when it is missing or of another size.
    pub fn quantised(&self, name: &str, rows: usize, columns: usize) -> Result<Quantised, WeightsError> {
        let raw = self.raw(name)?;
        let blocks = rows * columns / BLOCK;
        if raw.len() != blocks * BLOCK_BYTES {
            return Err(WeightsError::Unexpected(format!(
                "tensor {name} has {} bytes, not {}",
                raw.len(),
                blocks * BLOCK_BYTES
            )));
        }
        let mut scales = Vec::with_capacity(blocks);
        let mut nibbles = Vec::with_capacity(blocks * BLOCK / 2);
        for block in raw.chunks_exact(BLOCK_BYTES) {
            let (scale, packed) = block.split_at(2);
            scales.push(scale.iter().rev().fold(0, |sum, &byte| sum << 8 | u16::from(byte)));
            // In the file byte j holds weights j and j + 16; here neighbours share a byte, as ONNX Runtime wants it.
            for pair in packed.chunks_exact(2) {
                nibbles.push(pair.iter().rev().fold(0, |sum, &byte| sum << 4 | (byte & 15)));
            }
            for pair in packed.chunks_exact(2) {
                nibbles.push(pair.iter().rev().fold(0, |sum, &byte| sum << 4 | (byte >> 4)));
            }
        }
        Ok(Quantised {
            rows,
            columns,
            scales,
            nibbles,
        })
    }
}

fn read_pieces(reader: &mut Reader<'_>) -> Result<Vec<(String, f32)>, WeightsError> {
    let count = reader.size()?;
    let special = reader.take(16)?;
    if special != [0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0] {
        return Err(WeightsError::Unexpected(
            "the ids of <s>, </s>, <pad> and <unk> are not 0, 2, 1, 3".to_owned(),
        ));
    }
    let length = reader.long()?;
    let offsets = reader.take(count.saturating_add(1).saturating_mul(4))?;
    let scores = reader.take(count.saturating_mul(4))?;
    let text = reader.take(length)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |sum, &byte| sum << 8 | u32::from(byte));
    let offsets: Vec<usize> = offsets.chunks_exact(4).map(|bytes| number(bytes) as usize).collect();
    offsets
        .windows(2)
        .zip(scores.chunks_exact(4))
        .map(|(range, score)| {
            let (from, to) = (range.first().copied().unwrap_or(0), range.last().copied().unwrap_or(0));
            let piece = text.get(from..to).and_then(|bytes| std::str::from_utf8(bytes).ok());
            let piece = piece.ok_or_else(|| WeightsError::Unexpected(format!("a piece at byte {from} is no text")))?;
            Ok((piece.to_owned(), f32::from_bits(number(score))))
        })
        .collect()
}

fn skip_normaliser(reader: &mut Reader<'_>) -> Result<(), WeightsError> {
    let _entries = reader.size()?;
    let bytes = reader.size()?;
    reader.take(bytes).map(|_| ())
}

fn read_directory(reader: &mut Reader<'_>) -> Result<BTreeMap<String, (usize, usize)>, WeightsError> {
    let count = reader.size()?;
    let mut tensors = BTreeMap::new();
    for _ in 0..count {
        let length = usize::from(u16::from_le_bytes(reader.array()?));
        let name = std::str::from_utf8(reader.take(length)?)
            .map_err(|_| WeightsError::Unexpected("a tensor's name is no text".to_owned()))?
            .to_owned();
        let _kind = reader.take(1)?;
        let _count = reader.u32()?;
        let (offset, bytes) = (reader.long()?, reader.long()?);
        if offset.checked_add(bytes).is_none_or(|end| end > reader.bytes.len()) {
            return Err(WeightsError::Short {
                at: offset,
                wanted: bytes,
            });
        }
        tensors.insert(name, (offset, bytes));
    }
    Ok(tensors)
}

/// A 16-bit float (IEEE 754 binary16) as a 32-bit one; exact.
pub fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f32::from(bits & 1023);
    sign * match exponent {
        0 => fraction * (-24f32).exp2(),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * ((exponent - 25) as f32).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_exact() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
            (0x2e66, 0.099_975_586),
        ] {
            assert_eq!(half(bits), value, "{bits:04x}");
        }
        assert!(half(0x7c01).is_nan());
    }

    #[test]
    fn blocks_keep_the_order_of_the_weights() {
        // Scale 1; weight j has nibble j % 16 for j < 16, and 15 - j % 16 for the second half.
        let mut raw = vec![0x00, 0x3c];
        raw.extend((0u8..16).map(|j| j | (15 - j) << 4));
        let weights = Weights {
            shape: Shape {
                hidden: 32,
                layers: 0,
                heads: 1,
                feed_forward: 32,
                words: 1,
                positions: 1,
                epsilon: 0.0,
            },
            pieces: Vec::new(),
            tensors: BTreeMap::from([("m".to_owned(), (0, raw.len()))]),
            bytes: raw,
        };
        let matrix = weights.quantised("m", 1, 32).expect("one block");
        let expected: Vec<f32> = (0..16)
            .map(|j| j as f32 - 8.0)
            .chain((0..16).map(|j| 7.0 - j as f32))
            .collect();
        assert_eq!(matrix.values().collect::<Vec<_>>(), expected);
        assert!(weights.quantised("m", 2, 32).is_err(), "a wrong size is an error");
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        for bytes in [
            Vec::new(),
            b"E5S1".to_vec(),
            b"GGUF\0\0\0\0".to_vec(),
            [b"E5S1".to_vec(), vec![255; 64]].concat(),
        ] {
            assert!(Weights::parse(bytes).is_err());
        }
    }
}
