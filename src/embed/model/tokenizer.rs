//! Writes the tokeniser's files: XLM-RoBERTa's SentencePiece unigram model as a `tokenizer.json`, and the three small
//! files that fastembed reads beside it.

use serde_json::{Value, json};

use super::weights::Weights;

/// The ids of the markers, fixed in XLM-RoBERTa's vocabulary; `<mask>` is last.
const MARKERS: [(&str, usize); 4] = [("<s>", 0), ("<pad>", 1), ("</s>", 2), ("<unk>", 3)];

/// `tokenizer.json`: NFKC, runs of white space to one space, then pieces after a word mark that is always there.
pub fn tokenizer(weights: &Weights) -> Value {
    let mask = weights.pieces.len().saturating_sub(1);
    let marker = |content: &str, id: usize| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": content == "<mask>", "rstrip": false,
               "normalized": false, "special": true})
    };
    let mut added: Vec<Value> = MARKERS.iter().map(|(content, id)| marker(content, *id)).collect();
    added.push(marker("<mask>", mask));
    let vocabulary: Vec<Value> = weights
        .pieces
        .iter()
        .map(|(piece, score)| json!([piece, score]))
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"},
            {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
        ]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "</s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
                     {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]},
                               "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}},
        "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": false},
    })
}

/// `config.json`, `special_tokens_map.json` and `tokenizer_config.json`, by name.
pub fn side_files(weights: &Weights) -> [(&'static str, Value); 3] {
    let shape = weights.shape;
    [
        (
            "config.json",
            json!({"model_type": "bert", "hidden_size": shape.hidden, "num_hidden_layers": shape.layers,
                   "num_attention_heads": shape.heads, "intermediate_size": shape.feed_forward,
                   "max_position_embeddings": shape.positions, "vocab_size": shape.words, "pad_token_id": 1,
                   "hidden_act": "gelu"}),
        ),
        (
            "special_tokens_map.json",
            json!({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>",
                   "cls_token": "<s>", "pad_token": "<pad>", "mask_token": "<mask>"}),
        ),
        (
            "tokenizer_config.json",
            json!({"model_max_length": shape.positions, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
                   "sep_token": "</s>", "cls_token": "<s>", "pad_token": "<pad>", "mask_token": "<mask>",
                   "tokenizer_class": "XLMRobertaTokenizerFast"}),
        ),
    ]
}
