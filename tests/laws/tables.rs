//! Laws of tables: four bins in every row, totals that are the sum of their rows, and order.

use serde_json::Value;

use super::{Book, column, number, object, rows, sum};

/// The columns that every row of responses has.
const COUNTS: [&str; 5] = ["messages", "responses", "retransmissions", "capture_duplicates", "hop_copies"];

/// `messages` is the sum of the four bins wherever they stand side by side.
pub(crate) fn rows_are_their_bins(v: &Value, path: &str, book: &mut Book) {
    match v {
        Value::Object(o) => {
            if o.contains_key("hop_copies") && o.contains_key("messages") {
                let n = |key: &str| o.get(key).and_then(Value::as_u64);
                let first = n("responses").or(n("requests")).unwrap_or_default();
                let copies =
                    ["retransmissions", "capture_duplicates", "hop_copies"].map(|k| n(k).unwrap_or_default());
                book.equal(
                    format_args!("{path}: messages = four bins"),
                    n("messages").unwrap_or_default(),
                    first + copies.iter().sum::<u64>(),
                );
            }
            o.iter().for_each(|(key, inner)| rows_are_their_bins(inner, &format!("{path}.{key}"), book));
        }
        Value::Array(all) => {
            for (i, inner) in all.iter().enumerate() {
                rows_are_their_bins(inner, &format!("{path}[{i}]"), book);
            }
        }
        _ => {}
    }
}

/// Every table adds up to its total, column by column, and the cells to both of their margins.
pub(crate) fn totals_are_their_rows(r: &Value, book: &mut Book) {
    for table in ["by_class", "by_code", "by_method", "by_method_and_code"] {
        for count in COUNTS {
            let total = number(r, &format!("responses.{count}"));
            book.equal(
                format_args!("responses.{count} = Σ {table}"),
                total,
                column(rows(r, &format!("responses.{table}")), count),
            );
        }
    }
    for (margin, key) in [("by_method", "method"), ("by_code", "code")] {
        for row in rows(r, &format!("responses.{margin}")) {
            for count in COUNTS {
                let cells = rows(r, "responses.by_method_and_code").iter().filter(|c| c[key] == row[key]);
                book.equal(
                    format_args!("{margin} {}: {count} = Σ cells", row[key]),
                    number(row, count),
                    cells.map(|c| number(c, count)).sum(),
                );
            }
        }
    }
    let (requests, responses) = (number(r, "messages.requests"), number(r, "messages.responses"));
    book.equal("messages = requests + responses", number(r, "messages.total"), requests + responses);
    book.equal(
        "messages = Σ transports",
        number(r, "messages.total"),
        sum(object(r, "messages.by_transport")),
    );
    for bin in ["retransmissions", "capture_duplicates", "hop_copies"] {
        let of_requests = column(rows(r, "requests.by_method"), bin);
        book.equal(
            format_args!("messages.{bin} = those of requests and responses"),
            number(r, &format!("messages.{bin}")),
            of_requests + number(r, &format!("responses.{bin}")),
        );
    }
    book.equal("requests = Σ methods", requests, column(rows(r, "requests.by_method"), "messages"));
    book.equal("responses = responses", responses, number(r, "responses.messages"));
    let sip = object(r, "input.fates").get("sip").and_then(Value::as_u64).unwrap_or_default();
    book.holds(sip == 0 || number(r, "messages.total") > 0, || {
        "a frame that brought a message, but none".into()
    });
}

/// Lists run by first sightings downwards, then messages downwards, then key upwards.
pub(crate) fn lists_are_sorted(r: &Value, book: &mut Book) {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let key = |v: &Value| (text(&v["method"]), v["code"].as_u64(), v["class"].as_u64());
    for (table, first) in [
        ("responses.by_class", "responses"),
        ("responses.by_code", "responses"),
        ("responses.by_method", "responses"),
        ("responses.by_method_and_code", "responses"),
        ("requests.by_method", "requests"),
    ] {
        let order = |v: &Value| (std::cmp::Reverse((v[first].as_u64(), v["messages"].as_u64())), key(v));
        let sorted = rows(r, table).windows(2).all(|w| order(&w[0]) < order(&w[1]));
        book.holds(sorted, || format!("{table} is out of order"));
    }
}
