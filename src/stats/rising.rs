//! Buckets by their number, in order: what is counted by time.
//!
//! A list and not a tree: times nearly always go on, so that the bucket that is asked for is the one of
//! the last time, or a new one at the end, and a bucket takes no more than itself.

/// Buckets, by number.
#[derive(Clone, Debug)]
pub(super) struct Rising<T> {
    /// Numbers rise.
    buckets: Vec<(i64, T)>,
    /// Place of the bucket that was asked for last.
    last: usize,
}

impl<T> Default for Rising<T> {
    fn default() -> Self {
        Self { buckets: Vec::new(), last: 0 }
    }
}

impl<T: Default> Rising<T> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether there is a bucket of this number.
    pub(super) fn has(&self, number: i64) -> bool {
        self.find(number).is_ok()
    }

    /// The bucket of this number, an empty one if there was none.
    pub(super) fn at(&mut self, number: i64) -> &mut T {
        let place = self.find(number).unwrap_or_else(|place| {
            self.buckets.insert(place, (number, T::default()));
            place
        });
        self.last = place;
        &mut self.buckets[place].1
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, &T)> {
        self.buckets.iter().map(|(number, bucket)| (*number, bucket))
    }

    /// Adds those of `other`: `add` takes two of one number.
    pub(super) fn merge(&mut self, other: Self, add: impl Fn(&mut T, T)) {
        self.buckets.extend(other.buckets);
        // Two lists in order, one after the other: what a stable sort is quickest at.
        self.buckets.sort_by_key(|(number, _)| *number);
        self.join(add);
    }

    /// Joins `factor` buckets to one: their numbers are those of the wider ones.
    pub(super) fn widen(&mut self, factor: i64, add: impl Fn(&mut T, T)) {
        for (number, _) in &mut self.buckets {
            *number = number.div_euclid(factor);
        }
        self.join(add);
    }

    /// Makes one of neighbours with the same number.
    fn join(&mut self, add: impl Fn(&mut T, T)) {
        self.last = 0;
        self.buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                add(&mut kept.1, std::mem::take(&mut next.1));
            }
            same
        });
    }

    fn find(&self, number: i64) -> Result<usize, usize> {
        match (self.buckets.get(self.last), self.buckets.last()) {
            (Some((last, _)), _) if *last == number => Ok(self.last),
            (_, Some((newest, _))) if *newest < number => Err(self.buckets.len()),
            _ => self.buckets.binary_search_by_key(&number, |(n, _)| *n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[i64]) -> Rising<u32> {
        let mut all = Rising::default();
        numbers.iter().for_each(|n| *all.at(*n) += 1);
        all
    }

    fn rows(all: &Rising<u32>) -> Vec<(i64, u32)> {
        all.iter().map(|(n, count)| (n, *count)).collect()
    }

    #[test]
    fn buckets_stand_in_order_whatever_came_first() {
        let all = of(&[5, 5, 9, -3, 9, 6, 5]);
        assert_eq!(rows(&all), [(-3, 1), (5, 3), (6, 1), (9, 2)]);
        assert!(all.has(6) && !all.has(7));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn lists_merge_and_widen_to_the_sums() {
        let mut all = of(&[1, 3, 12, 25]);
        all.merge(of(&[-1, 3, 13]), |a, b| *a += b);
        assert_eq!(rows(&all), [(-1, 1), (1, 1), (3, 2), (12, 1), (13, 1), (25, 1)]);
        all.widen(10, |a, b| *a += b);
        assert_eq!(rows(&all), [(-1, 1), (0, 3), (1, 2), (2, 1)]);
        *all.at(1) += 1;
        assert_eq!(rows(&all)[2], (1, 3));
    }
}
