//! Tables: a head, an alignment, rows.

/// Lines of a table whose columns are words (`<`) or numbers; nothing without rows.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let names = head.map(|h| h.trim_start_matches('<').to_owned());
    let align = head.map(|h| if h.starts_with('<') { "---".to_owned() } else { "---:".to_owned() });
    [names, align].into_iter().chain(rows).map(|cells| line(&cells)).collect()
}

fn line(cells: &[String]) -> String {
    let mut out = String::from("|");
    for cell in cells {
        out.extend([" ", cell, if cell.is_empty() { "|" } else { " |" }]);
    }
    out
}
