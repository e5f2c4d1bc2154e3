//! Bodies in fewer bytes: the content codings of [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-8.4).

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use poem::http::{HeaderMap, header};

/// How a body may be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The smaller of those that a request takes.
    pub fn asked_for(headers: &HeaderMap) -> Option<Self> {
        headers.get(header::ACCEPT_ENCODING)?.to_str().ok().and_then(Self::accepted)
    }

    /// The smaller of those that an `Accept-Encoding` header takes.
    fn accepted(header: &str) -> Option<Self> {
        [Self::Brotli, Self::Gzip].into_iter().find(|coding| is_accepted(header, coding.name()))
    }

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    pub fn encode(self, body: &[u8]) -> Vec<u8> {
        let mut coded = Vec::with_capacity(body.len() / 4);
        let written = match self {
            // Above 5 it takes several times as long for some hundredths less.
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
                brotli::BrotliCompress(&mut &*body, &mut coded, &parameters).map(drop)
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(&mut coded, Compression::default());
                encoder.write_all(body).and_then(|()| encoder.finish().map(drop))
            }
        };
        written.unwrap_or_else(|error| unreachable!("memory takes everything: {error}"));
        coded
    }
}

/// Whether the header names the coding, or all, with a weight above 0.
fn is_accepted(header: &str, name: &str) -> bool {
    let weight = |wanted: &str| {
        header.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(wanted));
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_it.then(|| weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0)))
        })
    };
    weight(name).or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_best_that_is_accepted_is_taken_and_nothing_that_is_refused() {
        for (header, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("gzip", Some(Coding::Gzip)),
            ("GZIP;q=0.5", Some(Coding::Gzip)),
            ("br;q=0, gzip", Some(Coding::Gzip)),
            ("br;q=0,gzip;q=0.0", None),
            ("*", Some(Coding::Brotli)),
            ("*;q=0, gzip", Some(Coding::Gzip)),
            ("identity", None),
            ("gzip;q=much", None),
            ("brotli, gzipped", None),
            ("", None),
        ] {
            assert_eq!(Coding::accepted(header), coding, "{header}");
        }
    }

    #[test]
    fn what_is_coded_is_smaller_and_decodes_to_the_same() {
        let body = r#"{"items":[{"id":"one","text":"Hello"}]}"#.repeat(100);
        let mut decoded = Vec::new();
        let coded = Coding::Brotli.encode(body.as_bytes());
        brotli::BrotliDecompress(&mut &*coded, &mut decoded).expect("brotli");
        assert!(decoded == body.as_bytes() && coded.len() < body.len() / 10);
        let coded = Coding::Gzip.encode(body.as_bytes());
        let mut decoded = String::new();
        flate2::read::GzDecoder::new(&*coded).read_to_string(&mut decoded).expect("gzip");
        assert!(decoded == body && coded.len() < body.len() / 10);
    }
}
