//! What every text goes through on its way into a page.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

/// HTML's escapes; besides, what no page may hold (controls) and what would turn the direction of the text around it
/// (overrides, which no language is written with) is shown as U+FFFD.
#[derive(Debug, Clone, Copy, Default)]
pub struct Escape;

impl Escaper for Escape {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let mut parts = string.split(is_harmful);
        if let Some(first) = parts.next() {
            Html.write_escaped_str(&mut dest, first)?;
        }
        for part in parts {
            dest.write_char(char::REPLACEMENT_CHARACTER)?;
            Html.write_escaped_str(&mut dest, part)?;
        }
        Ok(())
    }

    fn write_escaped_char<W: Write>(&self, mut dest: W, c: char) -> fmt::Result {
        match is_harmful(c) {
            true => dest.write_char(char::REPLACEMENT_CHARACTER),
            false => Html.write_escaped_char(dest, c),
        }
    }
}

fn is_harmful(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}') || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_shown_and_markup_is_text() {
        let mut out = String::new();
        Escape
            .write_escaped_str(&mut out, "a<b>\"'&\0x\u{202e}y\u{200f}\tz\u{85}")
            .expect("written");
        assert_eq!(out, "a&#60;b&#62;&#34;&#39;&#38;\u{fffd}x\u{fffd}y\u{200f}\tz\u{fffd}");
    }
}
