//! The embedder on fastembed and ONNX Runtime: user-defined files for the default model, the hub's list for others.

use std::collections::BTreeMap;
use std::path::Path;

use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};

use super::{EmbedError, Embedder, Graph, ModelIdentity, Settings, model, runtime, unit};

/// Words of a text that are given to the tokeniser for each token of the budget. A word is one token at least.
const WORDS_A_TOKEN: usize = 1;
/// Characters that are given to the tokeniser for each token of the budget; scripts without spaces have long "words".
const CHARACTERS_A_TOKEN: usize = 32;

/// See the module.
pub struct FastEmbedder {
    model: TextEmbedding,
    identity: ModelIdentity,
    batch: usize,
}

impl FastEmbedder {
    /// Loads runtime and model.
    ///
    /// # Errors
    /// [`EmbedError`] with the remedy: a missing or old runtime, missing or damaged files, an unknown model, a setting.
    pub fn open(settings: &Settings) -> Result<Self, EmbedError> {
        settings.check()?;
        if let Some(name) = settings.model.strip_prefix("hub:") {
            return Self::open_hub(settings, name);
        }
        if settings.model != model::DEFAULT {
            return Err(unknown(&settings.model));
        }
        let folder = model::folder(&settings.cache_dir()?, settings.graph);
        let environment = runtime::load(settings)?;
        if !folder.join(model::MANIFEST).is_file() {
            return Err(EmbedError::ModelMissing { path: folder });
        }
        let damaged = |reason: String| EmbedError::ModelDamaged {
            path: folder.clone(),
            reason,
        };
        let manifest = model::manifest(&folder).map_err(|error| damaged(error.to_string()))?;
        let tokens = settings.tokens.min(manifest.positions);
        let mut options = InitOptionsUserDefined::new()
            .with_environment(environment)
            .with_max_length(tokens);
        if settings.threads > 0 {
            options = options.with_intra_threads(settings.threads);
        }
        let files = user_defined(&folder).map_err(|error| damaged(error.to_string()))?;
        let model =
            TextEmbedding::try_new_from_user_defined(files, options).map_err(|error| damaged(error.to_string()))?;
        let identity = ModelIdentity {
            name: manifest.name,
            digest: manifest.digest,
            prefix: settings.prefix_for(&settings.model),
            tokens,
            dimension: manifest.dimension,
            graph: manifest.graph,
        };
        // Whole-number products scale a batch as one, so there a text is alone.
        let batch = if settings.graph == Graph::Int8 {
            1
        } else {
            settings.batch
        };
        Ok(Self { model, identity, batch })
    }

    #[cfg(feature = "hub")]
    fn open_hub(settings: &Settings, name: &str) -> Result<Self, EmbedError> {
        use fastembed::{QuantizationMode, TextInitOptions};
        let listed = TextEmbedding::list_supported_models()
            .into_iter()
            .find(|info| info.model_code == name);
        let info = listed.ok_or_else(|| unknown(&settings.model))?;
        let cache = settings.cache_dir()?.join("hub");
        let environment = runtime::load(settings)?;
        let mut options = TextInitOptions::new(info.model.clone())
            .with_cache_dir(cache.clone())
            .with_max_length(settings.tokens);
        options.environment = Some(environment);
        if settings.threads > 0 {
            options = options.with_intra_threads(settings.threads);
        }
        let dynamic = TextEmbedding::get_quantization_mode(&info.model) == QuantizationMode::Dynamic;
        let model = TextEmbedding::try_new(options).map_err(|error| EmbedError::Failed {
            reason: format!(
                "{name} could not be loaded from the hub or from {}: {error}",
                cache.display()
            ),
        })?;
        // The hub's cache names the revision in refs/main.
        let main = cache
            .join(format!("models--{}", name.replace('/', "--")))
            .join("refs")
            .join("main");
        let revision = std::fs::read_to_string(main).map(|text| text.trim().to_owned());
        let identity = ModelIdentity {
            name: settings.model.clone(),
            digest: revision.unwrap_or_else(|_| "unversioned".to_owned()),
            prefix: settings.prefix_for(name),
            tokens: settings.tokens,
            dimension: info.dim,
            graph: Graph::Published,
        };
        Ok(Self {
            model,
            identity,
            batch: if dynamic { 1 } else { settings.batch },
        })
    }

    #[cfg(not(feature = "hub"))]
    fn open_hub(settings: &Settings, _name: &str) -> Result<Self, EmbedError> {
        Err(unknown(&settings.model))
    }

    /// Tokens of `text` that would be read, markers included.
    fn tokens(&self, text: &str) -> Result<usize, EmbedError> {
        let encoding = self
            .model
            .tokenizer
            .encode(text, true)
            .map_err(|error| EmbedError::Failed {
                reason: format!("tokeniser: {error}"),
            })?;
        Ok(encoding.get_ids().len())
    }
}

/// The names that `hub:` accepts, in order; none without the feature `hub`.
pub fn hub_models() -> Vec<String> {
    if !cfg!(feature = "hub") {
        return Vec::new();
    }
    let mut names: Vec<String> = TextEmbedding::list_supported_models()
        .into_iter()
        .map(|info| info.model_code)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn unknown(name: &str) -> EmbedError {
    let known = if cfg!(feature = "hub") {
        format!(
            "\"{}\", or \"hub:\" and one of {}",
            model::DEFAULT,
            hub_models().join(", ")
        )
    } else {
        format!("only \"{}\" (this build has no feature `hub`)", model::DEFAULT)
    };
    EmbedError::UnknownModel {
        name: name.to_owned(),
        known,
    }
}

fn user_defined(folder: &Path) -> std::io::Result<UserDefinedEmbeddingModel> {
    let read = |name: &str| {
        std::fs::read(folder.join(name)).map_err(|error| std::io::Error::new(error.kind(), format!("{name}: {error}")))
    };
    let tokenizer = TokenizerFiles {
        tokenizer_file: read("tokenizer.json")?,
        config_file: read("config.json")?,
        special_tokens_map_file: read("special_tokens_map.json")?,
        tokenizer_config_file: read("tokenizer_config.json")?,
    };
    // Without a pooling fastembed takes the first token's state; E5 was trained for the mean.
    Ok(UserDefinedEmbeddingModel::new(read("model.onnx")?, tokenizer).with_pooling(Pooling::Mean))
}

/// `text` without what lies far behind the budget, so that a book costs no more to tokenise than an article.
fn shortened(text: &str, tokens: usize) -> &str {
    let limit = tokens.saturating_mul(CHARACTERS_A_TOKEN);
    let end = text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or(text);
    let words = tokens.saturating_mul(WORDS_A_TOKEN);
    match text.split_whitespace().nth(words) {
        // The piece is a slice of `text`: its start is where the budget's last word has surely ended.
        Some(piece) => text
            .get(..piece.as_ptr() as usize - text.as_ptr() as usize)
            .unwrap_or(text),
        None => text,
    }
}

impl Embedder for FastEmbedder {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (prefix, budget) = (&self.identity.prefix, self.identity.tokens);
        let prepared: Vec<String> = texts
            .iter()
            .map(|text| format!("{prefix}{}", shortened(text, budget)))
            .collect();
        // Padding changes a vector's last bits, so only texts of one length share a batch.
        let mut by_length: BTreeMap<usize, Vec<(usize, &String)>> = BTreeMap::new();
        for (at, text) in prepared.iter().enumerate() {
            by_length.entry(self.tokens(text)?).or_default().push((at, text));
        }
        let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); texts.len()];
        for group in by_length.values() {
            for batch in group.chunks(self.batch) {
                let inputs: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
                let answer = self
                    .model
                    .embed(&inputs, Some(inputs.len()))
                    .map_err(|error| EmbedError::Failed {
                        reason: error.to_string(),
                    })?;
                for (vector, (at, _)) in answer.into_iter().zip(batch) {
                    let vector = unit(vector).filter(|vector| vector.len() == self.identity.dimension);
                    if let (Some(place), Some(vector)) = (vectors.get_mut(*at), vector) {
                        *place = vector;
                    }
                }
            }
        }
        if vectors.iter().any(Vec::is_empty) {
            return Err(EmbedError::NotUnit);
        }
        Ok(vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_behind_the_budget_only() {
        assert_eq!(shortened("one two three", 8), "one two three");
        assert_eq!(shortened("a b c d e", 3), "a b c ");
        assert_eq!(shortened(&"漢".repeat(1000), 3).chars().count(), 96);
        assert_eq!(shortened("", 3), "");
    }
}
