//! Pages nested so deeply that reading them would take minutes, or the stack.

use dom_query::Document as Dom;

/// Open elements at once. Browsers stop at 512; the deepest real pages have some 60.
const MAX_DEPTH: usize = 512;

/// Estimates the depth from the source, before a parser whose time grows with its square sees it.
///
/// # Errors
/// The reason why the page is not read.
pub(super) fn check_source(html: &str) -> Result<(), String> {
    let bytes = html.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'<'))
    {
        at += found + 1;
        let rest = bytes.get(at..).unwrap_or_default();
        let (closes, rest) = match rest.strip_prefix(b"/") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let length = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let name = rest.get(..length.min(16)).unwrap_or_default().to_ascii_lowercase();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) || needs_no_end(&name) {
            continue;
        }
        depth = if closes { depth.saturating_sub(1) } else { depth + 1 };
        // Elements left open and script that writes tags count too: be generous, the tree is checked again.
        if depth > MAX_DEPTH * 4 {
            return Err(too_deep());
        }
    }
    Ok(())
}

fn needs_no_end(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 33] = [
        b"area",
        b"base",
        b"br",
        b"col",
        b"embed",
        b"hr",
        b"img",
        b"input",
        b"link",
        b"meta",
        b"param",
        b"source",
        b"track",
        b"wbr",
        b"p",
        b"li",
        b"dt",
        b"dd",
        b"td",
        b"th",
        b"tr",
        b"tbody",
        b"thead",
        b"tfoot",
        b"option",
        b"optgroup",
        b"colgroup",
        b"html",
        b"head",
        b"body",
        b"rt",
        b"path",
        b"use",
    ];
    NAMES.contains(&name)
}

/// Counts the elements of the tree.
///
/// # Errors
/// The reason why the page is not read, when it is too deep.
pub(super) fn check_tree(dom: &Dom) -> Result<usize, String> {
    let mut waiting = vec![(dom.root(), 0)];
    let mut elements = 0;
    while let Some((node, depth)) = waiting.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        elements += usize::from(node.is_element());
        waiting.extend(node.children_it(false).map(|child| (child, depth + 1)));
    }
    Ok(elements)
}

fn too_deep() -> String {
    format!("the page's elements are nested more than {MAX_DEPTH} deep")
}
