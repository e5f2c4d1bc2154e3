//! An input read as a row of choices, so that whatever bytes there are make something that is worth trying.

/// What is left of the bytes.
pub struct Choices<'a>(&'a [u8]);

#[allow(dead_code, reason = "others use it")]
impl<'a> Choices<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// One byte; where there is none, zero.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub fn of_these<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())].clone()
    }

    /// Eight bytes.
    pub fn number(&mut self) -> i64 {
        i64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A few bytes, as a text if they are one.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// A text with one thing changed in it, which may leave it as it is.
    pub fn altered(&mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let at = (usize::from(self.byte()) << 8 | usize::from(self.byte())) % (bytes.len() + 1);
        match self.below(6) {
            0 if at < bytes.len() => bytes[at] = self.byte(),
            1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            2 => bytes.insert(at, self.byte()),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => bytes.extend(self.text().bytes()),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
