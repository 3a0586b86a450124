//! The text of an element, with its paragraphs: block elements and `<br>` end a line, nothing is glued together.

use dom_query::{Document as Dom, NodeRef};

/// Text of part of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct MainText {
    /// One paragraph a line.
    pub text: String,
    /// Code points inside links.
    linked: usize,
}

impl MainText {
    /// The share of the text that stands in links, 0 to 1.
    pub(super) fn link_share(&self) -> f64 {
        self.linked as f64 / self.text.chars().count().max(1) as f64
    }
}

enum Step<'a> {
    Enter(NodeRef<'a>),
    EndBlock,
    EndLink,
}

/// Walks an element; without recursion, so that no page is too deep.
pub(super) fn from_node(root: &NodeRef) -> MainText {
    let mut paragraphs = vec![String::new()];
    let (mut links, mut linked) = (0_usize, 0);
    let mut steps = vec![Step::Enter(*root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::EndBlock => paragraphs.push(String::new()),
            Step::EndLink => links = links.saturating_sub(1),
            Step::Enter(node) if node.is_text() => {
                let text = node.text();
                if let Some(paragraph) = paragraphs.last_mut() {
                    push_collapsed(paragraph, &text);
                }
                linked += if links > 0 { text.trim().chars().count() } else { 0 };
            }
            Step::Enter(node) => {
                let name = node.node_name().unwrap_or_default();
                if is_hidden(&name) {
                    continue;
                }
                if is_block(&name) {
                    paragraphs.push(String::new());
                    steps.push(Step::EndBlock);
                } else if &*name == "a" {
                    links += 1;
                    steps.push(Step::EndLink);
                }
                steps.extend(node.children_it(true).map(Step::Enter));
            }
        }
    }
    MainText {
        text: join(paragraphs.iter().map(String::as_str)),
        linked,
    }
}

/// A body given as plain text, or as a piece of HTML.
pub(super) fn from_plain(body: &str) -> String {
    if body.contains("</") || body.contains("<br") || body.contains("<p>") {
        return from_node(&Dom::fragment(body).root()).text;
    }
    join(body.lines())
}

/// One line: white space of any kind becomes one space.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Resolves character references.
pub(super) fn unescape(text: &str) -> String {
    let safe = text.replace('<', "&lt;");
    Dom::fragment(safe).root().text().to_string()
}

fn join<'a>(paragraphs: impl Iterator<Item = &'a str>) -> String {
    paragraphs
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn push_collapsed(paragraph: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_ascii_whitespace() {
            paragraph.push(c);
        } else if !paragraph.is_empty() && !paragraph.ends_with(' ') {
            paragraph.push(' ');
        }
    }
}

fn is_hidden(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "noscript"
            | "template"
            | "head"
            | "title"
            | "svg"
            | "iframe"
            | "object"
            | "button"
            | "select"
            | "textarea"
            | "figcaption"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "br"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}
