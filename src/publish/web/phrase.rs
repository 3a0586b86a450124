//! Sentences of the interface with links in them.

use super::words::direction;

/// A link with the text of an article or a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub address: String,
    pub title: String,
    pub lang: String,
}

impl Link {
    /// To an article's page.
    pub fn article(id: &str, title: &str, lang: &str) -> Self {
        Self::to("articles", id, title, lang)
    }

    /// To a story's page.
    pub fn story(id: &str, title: &str, lang: &str) -> Self {
        Self::to("stories", id, title, lang)
    }

    fn to(kind: &str, id: &str, title: &str, lang: &str) -> Self {
        let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        Self {
            // A space in a path is %20, not +.
            address: format!("/{kind}/{}", encoded.replace('+', "%20")),
            title: if title.is_empty() { id } else { title }.to_owned(),
            lang: lang.to_owned(),
        }
    }

    /// Direction of its text.
    pub fn direction(&self) -> &'static str {
        direction(&self.lang)
    }
}

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Somebody else's words, of any direction.
    Quoted(String),
    Link(Link),
}

/// Fills a sentence of the interface: `{name}` becomes the part of that name; an unknown name stays as it is.
pub fn phrase(sentence: &str, filling: &[(&str, Part)]) -> Vec<Part> {
    let each: Vec<(&str, Vec<Part>)> = filling.iter().map(|(name, part)| (*name, vec![part.clone()])).collect();
    phrase_of(sentence, &each)
}

/// The same, where a name may stand for several parts.
pub fn phrase_of(sentence: &str, filling: &[(&str, Vec<Part>)]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        match filling.iter().find(|(one, _)| *one == name) {
            Some((_, filled)) => parts.extend(filled.iter().cloned()),
            None => parts.push(Part::Text(format!("{{{name}}}"))),
        }
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts() {
        let link = Part::Link(Link::story("s1", "Truce", "en"));
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(
            phrase("It joined {story}.", &[("story", link.clone())]),
            [text("It joined "), link, text(".")]
        );
        assert_eq!(
            phrase("{n} of {what}", &[("n", text("3"))]),
            [text("3"), text(" of "), text("{what}")]
        );
        assert_eq!(phrase("open { brace", &[]), [text("open { brace")]);
    }

    #[test]
    fn an_id_cannot_leave_its_path() {
        assert_eq!(
            Link::article("../a b?c#d", "", "en").address,
            "/articles/..%2Fa%20b%3Fc%23d"
        );
    }
}
