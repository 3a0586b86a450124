//! Vectors made like news, for measurements that need many articles and no model.

/// Components of a vector.
pub const DIMENSION: usize = 384;

/// Makes vectors like news, the same on every run: two hundred subjects, four hundred stories on them at a time. Popular stories
/// grow faster; now and then one ends and another begins. SplitMix64.
pub struct News {
    state: u64,
    subjects: Vec<Vec<f32>>,
    running: Vec<Vec<f32>>,
}

/// Unit vectors about the origin, without an end.
pub fn vectors() -> News {
    let mut news = News {
        state: 7,
        subjects: Vec::new(),
        running: Vec::new(),
    };
    news.subjects = (0..200).map(|_| news.around(&[0.0; DIMENSION], 0.0)).collect();
    news.running = (0..400).map(|_| news.story()).collect();
    news
}

impl Iterator for News {
    type Item = Vec<f32>;

    fn next(&mut self) -> Option<Vec<f32>> {
        if self.unit() < 0.06 {
            let ending = self.below(self.running.len());
            self.running[ending] = self.story();
        }
        let rank = (self.running.len() as f32).powf(self.unit()) as usize;
        let story = rank.clamp(1, self.running.len()) - 1;
        let share = 0.6 + 0.3 * self.unit();
        let story = self.running[story].clone();
        Some(self.around(&story, share))
    }
}

impl News {
    fn story(&mut self) -> Vec<f32> {
        let subject = self.below(self.subjects.len());
        let subject = self.subjects[subject].clone();
        self.around(&subject, 0.55)
    }

    /// A unit vector whose cosine to the unit vector `base` is about `share`.
    fn around(&mut self, base: &[f32], share: f32) -> Vec<f32> {
        let noise: Vec<f32> = base.iter().map(|_| self.unit() + self.unit() - 1.0).collect();
        let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        let scale = (1.0 - share * share).sqrt() / length(&noise);
        let mixed: Vec<f32> = base.iter().zip(&noise).map(|(x, y)| share * x + scale * y).collect();
        let length = length(&mixed);
        mixed.iter().map(|x| x / length).collect()
    }

    fn unit(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    /// A whole number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f32) as usize).min(end - 1)
    }
}
