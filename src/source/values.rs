//! JSON into single article objects.

use serde_json::Value;

use super::SourceError;

/// Parses one JSON text: an object is one article, an array or `{"articles": […]}` holds several.
///
/// What the array holds is not looked at here: an element that is no object is refused when it is extracted.
///
/// # Errors
/// [`SourceError::InvalidUtf8`] and [`SourceError::Json`] say where; [`SourceError::NotArticles`] what it is instead.
pub fn json_values(bytes: &[u8]) -> Result<Vec<Value>, SourceError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| SourceError::InvalidUtf8 {
        position: error.valid_up_to(),
    })?;
    if text.trim().is_empty() {
        return Err(SourceError::Empty);
    }
    match serde_json::from_str(text)? {
        Value::Array(values) => Ok(values),
        Value::Object(mut object) => match object.get_mut("articles") {
            Some(Value::Array(values)) => Ok(std::mem::take(values)),
            _ => Ok(vec![Value::Object(object)]),
        },
        other => Err(SourceError::NotArticles(kind(&other))),
    }
}

/// A JSON value's kind, with its article, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Bytes of text in a value, about what it has as JSON.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(values) => values.iter().map(|value| weight(value) + 1).sum(),
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + 4 + weight(value)).sum(),
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_an_array_and_an_envelope_are_read() {
        assert_eq!(json_values(br#"{"title":"a"}"#).expect("object").len(), 1);
        assert_eq!(
            json_values(br#"[{"title":"a"},{"title":"b"}]"#).expect("array").len(),
            2
        );
        assert_eq!(
            json_values(b"\xef\xbb\xbf{\"articles\":[{},{},{}]}")
                .expect("envelope")
                .len(),
            3
        );
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let message = |bytes: &[u8]| json_values(bytes).expect_err("refused").to_string();
        assert!(message(b"{\"title\":\"a\xff\"}").contains("byte 11"));
        assert!(message(br#"{"title":"#).contains("line 1 column"));
        assert!(message(b"17").contains("a number"));
        assert!(message("[".repeat(100_000).as_bytes()).contains("recursion"));
        assert!(matches!(json_values(b" \n"), Err(SourceError::Empty)));
    }
}
