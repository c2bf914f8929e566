//! Horizontal bars in eighths of a column.

/// `value` of `full` as a bar of at most `columns`; what is not nothing shows at least an eighth.
pub(super) fn bar(value: u64, full: u64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if value == 0 || full == 0 {
        return String::new();
    }
    let steps = columns * 8;
    let filled = ((value as f64 / full as f64 * steps as f64).round() as usize).clamp(1, steps.max(1));
    let mut out = "█".repeat(filled / 8);
    out.push_str(EIGHTHS[filled % 8]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_eighths_and_never_hide_a_count() {
        for (value, text) in
            [(5_850, "██████"), (1_362, "█▍"), (858, "▉"), (12, "▏"), (0, ""), (2_925, "███")]
        {
            assert_eq!(bar(value, 5_850, 6), text);
        }
        assert_eq!(bar(7, 0, 6), "");
    }
}
