//! The expression language of rules, conditions and filters of calls.

use std::net::IpAddr;

use sipstat::expr::{Argument, Expression, Path, Quantity, Read, Refused, Scope, Type, Value, words};

/// Names of every type, told by their first letter; values that an item has or lacks by its length.
struct Names;

impl Scope for Names {
    type Item = String;

    fn name(&self, path: &Path) -> Result<(String, Type), Refused> {
        let name = path.to_string();
        let kind = match name.bytes().next() {
            Some(b'a') => Type::Share,
            Some(b'b') => Type::Truth,
            Some(b'c') => Type::Count,
            Some(b'd') => Type::Address,
            Some(b'e') => Type::Code,
            Some(b'n') => Type::Number,
            Some(b'm') => Type::Word(&words::METHOD),
            Some(b'o') => Type::Word(&words::OUTCOME),
            Some(b't') => Type::Time,
            Some(b'x') => Type::Text,
            _ => return Err(Refused::unknown("name", &name, ["asr".to_owned()])),
        };
        Ok((name, kind))
    }

    fn call(&self, function: &str, arguments: &[Argument]) -> Result<(String, Type), Refused> {
        let _ = Refused::new("").of_argument(arguments.len());
        self.name(&Path { segments: vec![sipstat::expr::Segment::Name(function.to_owned())] })
    }
}

impl Read<String> for Names {
    fn read<'a>(&'a self, item: &'a String) -> Value<'a> {
        match (item.len() % 4, item.bytes().next()) {
            (0, _) => Value::Absent,
            (n, Some(b'a')) => Quantity::fraction(n as u64, 4).into(),
            (n, Some(b'b')) => Value::Truth(n == 1),
            (_, Some(b'd')) => Value::Address(IpAddr::from([10, 0, 0, 1]), 5060),
            (_, Some(b'm' | b'o' | b'x')) => Value::from(item.as_str()),
            (n, _) => Value::from(n as u64 * 100),
        }
    }
}

/// Any expression: what is understood has one truth, however it is asked for.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Expression::condition(text, &Names) {
        Ok(e) => assert_eq!(e.holds(&Names), e.examine(&Names, 0).0),
        Err(problem) => assert!(!problem.why.is_empty() && problem.place <= text.chars().count() + 1),
    }
    if let Ok(e) = Expression::figure(text, &Names) {
        assert!(e.quantity(&Names).is_none_or(|q| q.value.is_finite()));
    }
}
