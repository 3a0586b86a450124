//! Writes the network as an ONNX model: BERT with layer norm after each part, exact GELU, positions from 0.
//!
//! Devlin et al. 2019 (BERT); Wang et al. 2024 (multilingual E5). The mean over tokens is left to the caller.
//! Three forms of the same weights, see [`Graph`]; the word table is exact in all (4-bit numbers times their scales).

use super::weights::{BLOCK, Quantised, Shape, Weights, WeightsError, half};
use crate::embed::Graph;
use crate::embed::onnx::{self, element};

/// Collects nodes and tensors, and names them.
struct Builder<'a> {
    weights: &'a Weights,
    form: Graph,
    nodes: Vec<onnx::Node>,
    tensors: Vec<onnx::Tensor>,
}

/// One attribute of a node.
enum Setting {
    Float(&'static str, f32),
    Whole(&'static str, i64),
    Wholes(&'static str, &'static [i64]),
}

/// The network in the form `form`, as the bytes of an ONNX file.
///
/// # Errors
/// [`WeightsError`] when a tensor is missing or of the wrong size.
pub fn write(weights: &Weights, form: Graph) -> Result<Vec<u8>, WeightsError> {
    let mut builder = Builder {
        weights,
        form,
        nodes: Vec::new(),
        tensors: Vec::new(),
    };
    builder.embeddings()?;
    builder.mask();
    let mut state = "x0".to_owned();
    for layer in 0..weights.shape.layers {
        state = builder.layer(layer, &state)?;
    }
    builder.node("Identity", &[&state], "last_hidden_state", &[]);
    Ok(builder.finish())
}

fn output_bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}

/// `[rows, columns]` turned into `[columns, rows]`.
fn transposed<T: Copy>(values: &[T], columns: usize) -> Vec<T> {
    (0..columns)
        .flat_map(|column| values.iter().skip(column).step_by(columns).copied())
        .collect()
}

impl Builder<'_> {
    fn shape(&self) -> Shape {
        self.weights.shape
    }

    fn tensor(&mut self, name: &str, kind: i32, dims: &[usize], raw: Vec<u8>) {
        self.tensors.push(onnx::Tensor {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(kind),
            name: Some(name.to_owned()),
            raw_data: Some(raw),
        });
    }

    fn wholes(&mut self, name: &str, values: &[i64]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, element::INT64, &[values.len()], raw);
    }

    fn number(&mut self, name: &str, value: f32) {
        self.tensor(name, element::FLOAT, &[], value.to_le_bytes().to_vec());
    }

    fn floats(&mut self, name: &str, dims: &[usize]) -> Result<(), WeightsError> {
        let raw = self.weights.floats(name, dims.iter().product())?;
        self.tensor(name, element::FLOAT, dims, raw);
        Ok(())
    }

    fn nodes_in(&mut self, domain: &str, op: &str, inputs: &[&str], outputs: &[&str], settings: &[Setting]) {
        let attribute = settings
            .iter()
            .map(|setting| {
                let mut attribute = onnx::Attribute::default();
                match *setting {
                    Setting::Float(name, value) => {
                        (attribute.name, attribute.f, attribute.kind) = (Some(name.to_owned()), Some(value), Some(1));
                    }
                    Setting::Whole(name, value) => {
                        (attribute.name, attribute.i, attribute.kind) = (Some(name.to_owned()), Some(value), Some(2));
                    }
                    Setting::Wholes(name, values) => {
                        (attribute.name, attribute.ints, attribute.kind) =
                            (Some(name.to_owned()), values.to_vec(), Some(7));
                    }
                }
                attribute
            })
            .collect();
        self.nodes.push(onnx::Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: outputs.iter().map(|&name| name.to_owned()).collect(),
            name: outputs.first().map(|name| format!("make {name}")),
            op_type: Some(op.to_owned()),
            attribute,
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
        });
    }

    fn node(&mut self, op: &str, inputs: &[&str], output: &str, settings: &[Setting]) {
        self.nodes_in("", op, inputs, &[output], settings);
    }

    fn norm(&mut self, input: &str, name: &str, output: &str) -> Result<(), WeightsError> {
        let (hidden, epsilon) = (self.shape().hidden, self.shape().epsilon);
        let (weight, bias) = (format!("{name}.w"), format!("{name}.b"));
        self.floats(&weight, &[hidden])?;
        self.floats(&bias, &[hidden])?;
        let settings = [Setting::Whole("axis", -1), Setting::Float("epsilon", epsilon)];
        self.node("LayerNormalization", &[input, &weight, &bias], output, &settings);
        Ok(())
    }

    /// Words, positions and the one token type to `x0`.
    fn embeddings(&mut self) -> Result<(), WeightsError> {
        let Shape {
            hidden,
            words,
            positions,
            heads,
            ..
        } = self.shape();
        let table = self.weights.quantised("emb.word", words, hidden)?;
        self.tensor(
            "word.numbers",
            element::INT8,
            &[words, hidden],
            table.integers().map(|n| n as u8).collect(),
        );
        let scales = table.scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
        self.tensor("word.scales", element::FLOAT16, &[words, hidden / BLOCK], scales);
        self.floats("emb.pos", &[positions, hidden])?;
        let kind = self.weights.floats("emb.type", 2 * hidden)?;
        self.tensor(
            "type.0",
            element::FLOAT,
            &[hidden],
            kind.into_iter().take(hidden * 4).collect(),
        );
        self.wholes("blocks", &[0, 0, (hidden / BLOCK) as i64, BLOCK as i64]);
        self.wholes("flat", &[0, 0, hidden as i64]);
        self.wholes("head shape", &[0, 0, heads as i64, (hidden / heads) as i64]);
        for (name, value) in [("zero", 0), ("one", 1), ("last", -1)] {
            self.wholes(name, &[value]);
        }
        self.node("Gather", &["word.numbers", "input_ids"], "w.numbers", &[]);
        self.node(
            "Cast",
            &["w.numbers"],
            "w.floats",
            &[Setting::Whole("to", i64::from(element::FLOAT))],
        );
        self.node("Reshape", &["w.floats", "blocks"], "w.blocks", &[]);
        self.node("Gather", &["word.scales", "input_ids"], "w.half", &[]);
        self.node(
            "Cast",
            &["w.half"],
            "w.scales",
            &[Setting::Whole("to", i64::from(element::FLOAT))],
        );
        self.node("Unsqueeze", &["w.scales", "last"], "w.scale", &[]);
        self.node("Mul", &["w.blocks", "w.scale"], "w.scaled", &[]);
        self.node("Reshape", &["w.scaled", "flat"], "w", &[]);
        // Not Gather of a Range: the runtime's optimiser turns that into a Slice that it then refuses.
        self.node(
            "Shape",
            &["input_ids"],
            "length",
            &[Setting::Whole("start", 1), Setting::Whole("end", 2)],
        );
        self.node("Slice", &["emb.pos", "zero", "length", "zero"], "p", &[]);
        self.node("Add", &["p", "type.0"], "p.type", &[]);
        self.node("Add", &["w", "p.type"], "x.sum", &[]);
        self.norm("x.sum", "emb.ln", "x0")
    }

    /// 0 where there is a token, a large negative number where there is padding.
    fn mask(&mut self) {
        self.number("1.0", 1.0);
        self.number("lowest", -1e9);
        self.wholes("mask axes", &[1, 2]);
        self.node(
            "Cast",
            &["attention_mask"],
            "m.floats",
            &[Setting::Whole("to", i64::from(element::FLOAT))],
        );
        self.node("Sub", &["1.0", "m.floats"], "m.padding", &[]);
        self.node("Mul", &["m.padding", "lowest"], "m.scaled", &[]);
        self.node("Unsqueeze", &["m.scaled", "mask axes"], "mask", &[]);
    }

    /// `output = input · Wᵀ + b`, with the matrices of `names` one below the other.
    fn linear(
        &mut self,
        input: &str,
        names: &[String],
        (rows, columns): (usize, usize),
        output: &str,
    ) -> Result<(), WeightsError> {
        let mut all = Quantised {
            rows: 0,
            columns,
            scales: Vec::new(),
            nibbles: Vec::new(),
        };
        let mut bias = Vec::new();
        for name in names {
            let part = self.weights.quantised(&format!("{name}.w"), rows, columns)?;
            all.rows += part.rows;
            all.scales.extend(part.scales);
            all.nibbles.extend(part.nibbles);
            bias.extend(self.weights.floats(&format!("{name}.b"), rows)?);
        }
        let (weight, bias_name, product) = (
            format!("{output}.w"),
            format!("{output}.b"),
            format!("{output}.product"),
        );
        self.tensor(&bias_name, element::FLOAT, &[all.rows], bias);
        match self.form {
            Graph::Q4 => self.four_bit_product(input, &all, &weight, &product),
            Graph::Int8 => self.whole_product(input, &all, &weight, &product),
            Graph::F32 | Graph::Published => {
                let values: Vec<f32> = all.values().collect();
                let raw = output_bytes(transposed(&values, columns).into_iter());
                self.tensor(&weight, element::FLOAT, &[columns, all.rows], raw);
                self.node("MatMul", &[input, &weight], &product, &[]);
            }
        }
        self.node("Add", &[&product, &bias_name], output, &[]);
        Ok(())
    }

    fn four_bit_product(&mut self, input: &str, matrix: &Quantised, weight: &str, product: &str) {
        let blocks = matrix.columns / BLOCK;
        let scales = format!("{weight}.scales");
        self.tensor(
            weight,
            element::UINT8,
            &[matrix.rows, blocks, BLOCK / 2],
            matrix.nibbles.clone(),
        );
        let raw = output_bytes(matrix.scales.iter().map(|&scale| half(scale)));
        self.tensor(&scales, element::FLOAT, &[matrix.rows * blocks], raw);
        let settings = [
            Setting::Whole("K", matrix.columns as i64),
            Setting::Whole("N", matrix.rows as i64),
            Setting::Whole("bits", 4),
            Setting::Whole("block_size", BLOCK as i64),
            // 4: inputs are rounded to 8 bits, block by block, for whole-number products.
            Setting::Whole("accuracy_level", 4),
        ];
        self.nodes_in(
            "com.microsoft",
            "MatMulNBits",
            &[input, weight, &scales],
            &[product],
            &settings,
        );
    }

    /// Weights to 7 bits a row: with 8, two products of AVX2's instruction can overflow its 16 bits.
    fn whole_product(&mut self, input: &str, matrix: &Quantised, weight: &str, product: &str) {
        let values: Vec<f32> = matrix.values().collect();
        let mut scales = Vec::with_capacity(matrix.rows);
        let mut numbers = Vec::with_capacity(values.len());
        for row in values.chunks_exact(matrix.columns) {
            let scale = row.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs())) / 63.0;
            scales.push(scale);
            numbers.extend(row.iter().map(|x| (x / scale).round() as i8 as u8));
        }
        let names =
            ["scales", "q", "q.scale", "q.zero", "whole", "float", "scale"].map(|part| format!("{weight}.{part}"));
        let [weight_scales, quantised, input_scale, input_zero, whole, float, scale] = &names;
        self.tensor(
            weight,
            element::INT8,
            &[matrix.columns, matrix.rows],
            transposed(&numbers, matrix.columns),
        );
        self.tensor(
            weight_scales,
            element::FLOAT,
            &[matrix.rows],
            output_bytes(scales.into_iter()),
        );
        self.nodes_in(
            "",
            "DynamicQuantizeLinear",
            &[input],
            &[quantised, input_scale, input_zero],
            &[],
        );
        self.node("MatMulInteger", &[quantised, weight, input_zero], whole, &[]);
        self.node(
            "Cast",
            &[whole],
            float,
            &[Setting::Whole("to", i64::from(element::FLOAT))],
        );
        self.node("Mul", &[input_scale, weight_scales], scale, &[]);
        self.node("Mul", &[float, scale], product, &[]);
    }

    fn layer(&mut self, layer: usize, input: &str) -> Result<String, WeightsError> {
        let Shape {
            hidden,
            heads,
            feed_forward,
            ..
        } = self.shape();
        let of = |part: &str| format!("l{layer}.{part}");
        let (joint, mixed) = (of("qkv"), of("mixed"));
        self.linear(input, &[of("q"), of("k"), of("v")], (hidden, hidden), &joint)?;
        let parts = [of("q.flat"), of("k.flat"), of("v.flat")];
        let [q, k, v] = &parts;
        let settings = [Setting::Whole("axis", -1), Setting::Whole("num_outputs", 3)];
        self.nodes_in("", "Split", &[&joint], &[q, k, v], &settings);
        let heads_of = |flat: &str| (format!("{flat}.heads"), format!("{flat}.turned"));
        for (flat, order) in [(q, &[0i64, 2, 1, 3]), (k, &[0, 2, 3, 1]), (v, &[0, 2, 1, 3])] {
            let (split, turned) = heads_of(flat);
            self.node("Reshape", &[flat, "head shape"], &split, &[]);
            self.node("Transpose", &[&split], &turned, &[Setting::Wholes("perm", order)]);
        }
        if layer == 0 {
            self.number("head scale", ((hidden / heads) as f32).sqrt().recip());
        }
        let turned = |flat: &str| heads_of(flat).1;
        self.node("MatMul", &[&turned(q), &turned(k)], &of("scores"), &[]);
        self.node("Mul", &[&of("scores"), "head scale"], &of("scores.scaled"), &[]);
        self.node("Add", &[&of("scores.scaled"), "mask"], &of("scores.masked"), &[]);
        self.node(
            "Softmax",
            &[&of("scores.masked")],
            &of("attention"),
            &[Setting::Whole("axis", -1)],
        );
        self.node("MatMul", &[&of("attention"), &turned(v)], &of("context"), &[]);
        self.node(
            "Transpose",
            &[&of("context")],
            &of("context.turned"),
            &[Setting::Wholes("perm", &[0, 2, 1, 3])],
        );
        self.node("Reshape", &[&of("context.turned"), "flat"], &mixed, &[]);
        self.linear(&mixed, &[of("ao")], (hidden, hidden), &of("attended"))?;
        self.node("Add", &[&of("attended"), input], &of("attended.sum"), &[]);
        self.norm(&of("attended.sum"), &of("aln"), &of("middle"))?;
        self.linear(&of("middle"), &[of("fi")], (feed_forward, hidden), &of("wide"))?;
        self.node("Gelu", &[&of("wide")], &of("wide.gelu"), &[]);
        self.linear(&of("wide.gelu"), &[of("fo")], (hidden, feed_forward), &of("narrow"))?;
        self.node("Add", &[&of("narrow"), &of("middle")], &of("narrow.sum"), &[]);
        self.norm(&of("narrow.sum"), &of("oln"), &of("out"))?;
        Ok(of("out"))
    }

    fn finish(self) -> Vec<u8> {
        use prost::Message;
        let named = |name: &str| onnx::Dimension {
            value: None,
            parameter: Some(name.to_owned()),
        };
        let value = |name: &str, kind: i32, dim: Vec<onnx::Dimension>| onnx::ValueInfo {
            name: Some(name.to_owned()),
            kind: Some(onnx::Kind {
                tensor: Some(onnx::TensorKind {
                    element: Some(kind),
                    shape: Some(onnx::Shape { dim }),
                }),
            }),
        };
        let tokens = || vec![named("batch"), named("tokens")];
        let hidden = onnx::Dimension {
            value: Some(self.weights.shape.hidden as i64),
            parameter: None,
        };
        let states = tokens().into_iter().chain([hidden]).collect();
        let set = |domain: &str, version| onnx::OperatorSet {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        onnx::Model {
            ir_version: Some(9),
            producer_name: Some("silsila".to_owned()),
            graph: Some(onnx::Graph {
                name: Some("multilingual-e5-small".to_owned()),
                node: self.nodes,
                initializer: self.tensors,
                input: vec![
                    value("input_ids", element::INT64, tokens()),
                    value("attention_mask", element::INT64, tokens()),
                ],
                output: vec![value("last_hidden_state", element::FLOAT, states)],
            }),
            opset_import: vec![set("", 20), set("com.microsoft", 1)],
        }
        .encode_to_vec()
    }
}
