//! schema.org's NewsArticle and its kin in JSON-LD, as pages really write it.

use serde_json::Value;

/// The fields of an article that we read. `dateModified` is not one of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Article {
    pub title: Option<String>,
    pub published: Option<String>,
    pub lang: Option<String>,
    pub source: Option<String>,
    pub keywords: Vec<String>,
    pub body: Option<String>,
    pub url: Option<String>,
}

/// Parses a block. Raw line breaks inside strings, comments and CDATA marks around it are common, and forgiven.
pub(super) fn parse(block: &str) -> Option<Value> {
    let mut block = block.trim();
    for (start, end) in [
        ("<!--", "-->"),
        ("//<![CDATA[", "//]]>"),
        ("<![CDATA[", "]]>"),
        ("/*<![CDATA[*/", "/*]]>*/"),
    ] {
        if let Some(inside) = block.strip_prefix(start) {
            block = inside.trim_end().strip_suffix(end).unwrap_or(inside).trim();
        }
    }
    let block = block.trim_end_matches(';');
    serde_json::from_str(block).ok().or_else(|| {
        let calm: String = block.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        serde_json::from_str(&calm).ok()
    })
}

/// The page's article among all blocks: the one with the page's own address or, without one, the first.
pub(super) fn article(blocks: &[Value], canonical: Option<&str>) -> Option<Article> {
    let nodes: Vec<&Value> = blocks.iter().flat_map(nodes).collect();
    let articles: Vec<Article> = nodes
        .iter()
        .filter(|node| is_article(node))
        .map(|node| read(node, &nodes))
        .collect();
    let own = articles
        .iter()
        .find(|article| canonical.is_some() && article.url.as_deref() == canonical);
    own.or(articles.first()).cloned()
}

/// The top-level nodes of a block: itself, the elements of its array, or of its `@graph`; and a page's `mainEntity`.
fn nodes(block: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut waiting = vec![block];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(values) => waiting.extend(values.iter().rev()),
            Value::Object(object) => {
                found.push(value);
                waiting.extend(object.get("mainEntity"));
                waiting.extend(object.get("@graph"));
            }
            _ => {}
        }
    }
    found
}

fn is_article(node: &Value) -> bool {
    const TYPES: [&str; 11] = [
        "NewsArticle",
        "Article",
        "ReportageNewsArticle",
        "AnalysisNewsArticle",
        "OpinionNewsArticle",
        "BackgroundNewsArticle",
        "AskPublicNewsArticle",
        "ReviewNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "Report",
    ];
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|kind| TYPES.contains(&kind.rsplit('/').next().unwrap_or(kind)))
    };
    match node.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => false,
    }
}

fn read(node: &Value, nodes: &[&Value]) -> Article {
    let publisher = node.get("publisher").map(|publisher| resolve(publisher, nodes));
    let place = node
        .get("mainEntityOfPage")
        .map(|place| place.get("@id").or(place.get("url")).unwrap_or(place));
    Article {
        title: string(node.get("headline")).or_else(|| string(node.get("name"))),
        published: string(node.get("datePublished")),
        lang: string(node.get("inLanguage"))
            .or_else(|| string(node.get("inLanguage").and_then(|l| l.get("alternateName")))),
        source: publisher.and_then(|publisher| string(publisher.get("name")).or_else(|| string(Some(publisher)))),
        keywords: keywords(node.get("keywords")),
        body: string(node.get("articleBody")),
        url: string(node.get("url")).or_else(|| string(place)),
    }
}

/// A reference by `@id` alone, resolved within the page.
fn resolve<'a>(value: &'a Value, nodes: &[&'a Value]) -> &'a Value {
    let value = value.get(0).unwrap_or(value);
    let id = value.get("@id").filter(|_| value.get("name").is_none());
    nodes
        .iter()
        .find(|node| id.is_some() && node.get("@id") == id)
        .copied()
        .unwrap_or(value)
}

/// A string, or the first one of an array; entities that sites leave in are resolved.
fn string(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let text = value.as_str().or_else(|| value.get(0).and_then(Value::as_str))?;
    let text = if text.contains('&') {
        super::text::unescape(text)
    } else {
        text.to_owned()
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn keywords(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(list)) => split_keywords(list),
        Some(Value::Array(values)) => {
            let word = |value: &Value| string(Some(value)).or_else(|| string(value.get("name")));
            let words: Vec<String> = values.iter().filter_map(word).collect();
            if let [list] = words.as_slice() {
                split_keywords(list)
            } else {
                words
            }
        }
        _ => Vec::new(),
    }
}

/// Splits a list at commas of any script and at semicolons.
pub(super) fn split_keywords(list: &str) -> Vec<String> {
    list.split([',', '،', ';', '؛', '、', '，'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
