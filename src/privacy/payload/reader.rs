//! Reads the encoding of payloads (postcard in zstd) byte by byte: at no time is a payload in memory in its plain form, and
//! no list is allocated here.

use std::io::Read;

use super::refuse;
use crate::privacy::PrivacyError;

/// Bytes of plain payload in memory at a time.
const BUFFER: usize = 64 * 1024;
/// Largest window of zstd that is accepted, as a power of two: 8 MiB, which RFC 8878 (section 3.1.1.1.2) asks every decoder
/// to support. The library alone would accept 128 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// A payload being read.
pub(super) struct Reader<'a> {
    source: zstd::Decoder<'a, &'a [u8]>,
    buffer: Box<[u8]>,
    position: usize,
    filled: usize,
    /// Plain bytes that may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    /// Of a compressed payload with at most `plain_bytes` after decompression.
    ///
    /// # Errors
    /// [`PrivacyError::Payload`] when the decompressor cannot be set up.
    pub fn new(compressed: &'a [u8], plain_bytes: usize) -> Result<Self, PrivacyError> {
        let decoder = zstd::Decoder::with_buffer(compressed).map_err(|_| refuse("it is not zstd"))?;
        let mut source = decoder.single_frame();
        source
            .window_log_max(WINDOW_LOG_MAX)
            .map_err(|_| refuse("it is not zstd"))?;
        Ok(Self {
            source,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            position: 0,
            filled: 0,
            left: plain_bytes,
        })
    }

    /// The next byte; `None` at the end.
    fn next(&mut self) -> Result<Option<u8>, PrivacyError> {
        if self.position == self.filled {
            let read = self.source.read(&mut self.buffer);
            (self.position, self.filled) = (0, read.map_err(|_| refuse("its compression is damaged"))?);
            let left = self.left.checked_sub(self.filled);
            self.left = left.ok_or_else(|| refuse("it is larger than this sidecar accepts"))?;
        }
        let byte = self.buffer[..self.filled].get(self.position).copied();
        self.position += usize::from(byte.is_some());
        Ok(byte)
    }

    fn byte(&mut self) -> Result<u8, PrivacyError> {
        self.next()?.ok_or_else(|| refuse("it ends too early"))
    }

    /// These bytes as they are.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], PrivacyError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// A number in 64 bits (IEEE 754); it may be anything.
    pub fn float(&mut self) -> Result<f64, PrivacyError> {
        self.array().map(f64::from_le_bytes)
    }

    /// A whole number without sign: seven bits to a byte, the lowest first.
    pub fn unsigned(&mut self) -> Result<u64, PrivacyError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(refuse("a number in it is too long"))
    }

    /// A length, which must be at most `most`.
    pub fn length(&mut self, most: usize, problem: &str) -> Result<usize, PrivacyError> {
        let length = usize::try_from(self.unsigned()?).ok();
        length.filter(|length| *length <= most).ok_or_else(|| refuse(problem))
    }

    /// A whole number (zigzag: its sign is the lowest bit) of at most `largest` in absolute value.
    pub fn number(&mut self, largest: i64) -> Result<i64, PrivacyError> {
        let value = self.unsigned()?;
        let number = (value >> 1) as i64 ^ -((value & 1) as i64);
        if number.unsigned_abs() > largest.unsigned_abs() {
            return Err(refuse("a value is out of range"));
        }
        Ok(number)
    }

    /// Replaces `text` by the next one, which must have 1 to `longest` bytes.
    pub fn text(&mut self, text: &mut String, longest: usize) -> Result<(), PrivacyError> {
        let length = self.length(longest, "an address is empty or too long")?;
        if length == 0 {
            return Err(refuse("an address is empty or too long"));
        }
        let mut bytes = std::mem::take(text).into_bytes();
        bytes.clear();
        for _ in 0..length {
            bytes.push(self.byte()?);
        }
        *text = String::from_utf8(bytes).map_err(|_| refuse("an address is no text"))?;
        Ok(())
    }

    /// Nothing may follow, neither in the frame nor behind it.
    pub fn end(mut self) -> Result<(), PrivacyError> {
        if self.next()?.is_some() || !self.source.finish().is_empty() {
            return Err(refuse("bytes follow its end"));
        }
        Ok(())
    }
}
