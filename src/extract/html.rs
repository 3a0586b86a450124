//! One article from an HTML page: main text by Readability (dom_smoothie), the rest from what the page declares.
//!
//! In: a page's source. Out: one draft, or the reason why there is no article. Several articles are never made of a
//! page. `Removed::offset` counts code points in the main text before furniture was cut.

use super::rules::{Rules, language_code};
use crate::article::{Document, Draft, SetAside, full_text};

mod json_ld;
mod nesting;
pub mod page;
mod text;

/// Makes the page's draft.
///
/// The title, outlet and keywords that the page declares win over those in the furniture of its text; the language
/// of the text wins over the declared one, which templates often get wrong.
///
/// # Errors
/// The reason why the page has no article, for people.
pub fn draft(document: &Document, rules: &dyn Rules) -> Result<Draft, String> {
    let page = page::read(&document.text, document.url.as_deref())?;
    let cut = rules.cut(&page.title, &page.text);
    if cut.text.trim().is_empty() && page.title.is_empty() {
        return Err("the page has no main text, only furniture".to_owned());
    }
    let mut set_aside = Vec::new();
    let in_text = cut.published.map(|text| ("publication line", text));
    let published = page
        .published
        .into_iter()
        .chain(in_text)
        .find_map(|(place, value)| match rules.date(&value) {
            Ok(date) => Some(date),
            Err(reason) => {
                set_aside.push(SetAside {
                    field: "published".to_owned(),
                    value,
                    reason: format!("{place}: {reason}"),
                });
                None
            }
        });
    let detected = rules.language(&full_text(&page.title, &cut.text));
    let lang = if detected == "und" {
        page.lang.as_deref().and_then(language_code).unwrap_or(detected)
    } else {
        detected
    };
    Ok(Draft {
        id: None,
        title: page.title,
        text: cut.text,
        published,
        lang,
        source: page.source.or(cut.source),
        agency: cut.agency,
        keywords: if page.keywords.is_empty() {
            cut.keywords
        } else {
            page.keywords
        },
        url: page.url,
        removed: cut.removed,
        set_aside,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rules::testing::Plain;
    use super::*;
    use crate::article::DocumentKind;

    const BODY: &str = "<p>Negotiators from both countries returned to the capital on Wednesday, officials said, after \
        a pause of three weeks that had raised doubts about the process.</p><p>The ministry did not say how long the \
        round would last.<br>A second round is planned, and observers expect it to take place before the winter.</p>\
        <h2>Background</h2><ul><li>The first round failed, in spring, over prisoners.</li><li>The border stayed closed, \
        all summer, to traffic.</li></ul>";

    fn document(html: &str, url: Option<&str>) -> Document {
        Document {
            kind: DocumentKind::Html,
            text: html.to_owned(),
            url: url.map(str::to_owned),
            fetched_at: None,
        }
    }

    fn read(html: &str) -> Result<Draft, String> {
        draft(&document(html, Some("https://paper.example/news/1?x=2")), &Plain)
    }

    #[test]
    fn json_ld_in_a_graph_wins_and_a_modified_date_is_never_read() {
        let html = format!(
            r##"<html lang="ar"><head><title>Talks | Paper</title><meta property="og:title" content="OG">
            <meta property="article:modified_time" content="2024-01-01"><link rel=canonical href="/news/1">
            <script type="application/ld+json">{{"@graph":[{{"@type":"WebSite","name":"W"}},{{"@id":"#p","name":"The Paper"}},
            {{"@type":["ReportageNewsArticle"],"headline":"Talks &amp; doubts","datePublished":"2023-09-20T08:00:00Z",
            "dateModified":"2024-02-02","publisher":{{"@id":"#p"}},"keywords":"talks, border","inLanguage":"en"}}]}}</script></head>
            <body><nav><a href=/>Home</a></nav><article>{BODY}</article></body></html>"##
        );
        let draft = read(&html).expect("an article");
        assert_eq!(draft.title, "Talks & doubts");
        assert_eq!(draft.published.expect("dated").value_text(), "2023-09-20");
        assert_eq!(draft.source.as_deref(), Some("The Paper"));
        assert_eq!(draft.keywords, ["talks", "border"]);
        assert_eq!(draft.url.as_deref(), Some("https://paper.example/news/1"));
        assert_eq!(draft.lang, "en", "the text's own language, not the template's");
        assert!(!draft.text.contains("Home"));
    }

    #[test]
    fn paragraphs_are_kept_and_nothing_is_glued() {
        let draft = read(&format!(
            "<html><body><article><h1>Talks resume</h1>{BODY}</article></body></html>"
        ))
        .expect("an article");
        assert!(draft.text.contains("the process.\nThe ministry"), "{}", draft.text);
        assert!(draft.text.contains("would last.\nA second round"), "{}", draft.text);
        assert!(draft.text.contains("prisoners.\nThe border"), "{}", draft.text);
        assert_eq!(draft.title, "Talks resume");
    }

    #[test]
    fn open_graph_and_time_are_read_where_there_is_no_json_ld() {
        let html = format!(
            r#"<head><meta property="og:title" content="Talks resume - Paper"><meta property="og:site_name" content="Paper">
            <meta property="article:tag" content="talks"><meta property="article:tag" content="border"></head>
            <article><time class=updated datetime="2024-01-01"></time><time datetime="2023-09-20">yesterday</time>{BODY}</article>"#
        );
        let draft = read(&html).expect("an article");
        assert_eq!(
            (draft.title.as_str(), draft.source.as_deref()),
            ("Talks resume", Some("Paper"))
        );
        assert_eq!(draft.published.expect("dated").value_text(), "2023-09-20");
        assert_eq!(draft.keywords, ["talks", "border"]);
    }

    #[test]
    fn only_a_modified_date_is_no_date() {
        let html = format!(
            r#"<head><meta property="article:modified_time" content="2024-01-01"></head><article>{BODY}</article>"#
        );
        assert_eq!(read(&html).expect("an article").published, None);
    }

    #[test]
    fn a_date_that_cannot_be_is_set_aside_and_the_next_one_taken() {
        let html = format!(
            r#"<head><meta property="article:published_time" content="1700-01-01"></head><article><time datetime="2023-09-20"></time>{BODY}</article>"#
        );
        let draft = read(&html).expect("an article");
        assert_eq!(draft.published.expect("dated").value_text(), "2023-09-20");
        assert!(draft.set_aside[0].reason.contains("article:published_time"));
    }

    #[test]
    fn a_page_without_an_article_says_so() {
        let links = "<li><a href=/a>One headline among the many headlines of this page</a></li>".repeat(40);
        for html in ["", "<html></html>", "<p>Hi", &format!("<body><ul>{links}</ul></body>")] {
            assert!(read(html).expect_err(html).contains("no main text") || html.contains("<ul>"));
        }
        assert!(read(&format!("<body><ul>{links}</ul></body>")).is_err());
    }

    #[test]
    fn article_body_stands_in_for_a_page_drawn_by_script() {
        let body = "Negotiators returned to the capital. ".repeat(20);
        let html = format!(
            r#"<script type="application/ld+json">{{"@type":"NewsArticle","headline":"Talks","articleBody":"{body}"}}</script><div id=app></div>"#
        );
        assert_eq!(read(&html).expect("an article").text, body.trim());
    }

    #[test]
    fn deep_nesting_neither_overflows_the_stack_nor_takes_minutes() {
        for (open, close) in [
            ("<div>", "</div>"),
            ("<b>", ""),
            ("<p><table><tr><td>", ""),
            ("<span x=1>", "</span>"),
            ("<svg>", ""),
        ] {
            let html = format!("{}{BODY}{}", open.repeat(100_000), close.repeat(100_000));
            assert!(read(&html).expect_err("too deep").contains("nested"), "{open}");
        }
        for depth in [300, 500, 600, 2000] {
            let html = format!("{}{BODY}{}", "<div>".repeat(depth), "</div>".repeat(depth));
            assert_eq!(read(&html).is_ok(), depth <= 500, "{depth}");
        }
    }

    #[test]
    fn broken_pages_are_read_as_far_as_they_go() {
        let html = format!(
            "<html><head><title>Talks</title><body><div class=x <p>broken</b></i>{BODY}<div><p>unclosed <a href='"
        );
        assert!(read(&html).expect("an article").text.contains("Negotiators"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_page_makes_it_panic(parts in proptest::collection::vec(prop_oneof![
            Just("<div>"), Just("</div>"), Just("<p>"), Just("<table><td>"), Just("<a href=x>"), Just("</a>"), Just("<br><br>"),
            Just("<script type='application/ld+json'>"), Just("</script>"), Just("{\"@type\":\"NewsArticle\""), Just("<article>"),
            Just("<time datetime='x'>"), Just("<meta property=og:title content='"), Just("<h1>"), Just("text, and more text "),
            Just("<font>"), Just("<noscript><img>"), Just("<!--"), Just("<svg>"), Just("<title>"), Just("خبر، عاجل "), Just("&#0;&"),
        ], 0..60)) {
            let _ = read(&parts.concat());
        }
    }
}
