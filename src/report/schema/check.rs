//! Holds committed schemas to the wire types: for tests of these types.

/// Fails unless the committed schema `name` is that of `T`, as it is written. `SIPSTAT_BLESS=1` writes it
/// anew: read the difference, for a removed or renamed path breaks readers.
#[track_caller]
pub(crate) fn check<T: schemars::JsonSchema>(name: &str, title: &str) {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/schema").join(name);
    let path = path.with_extension("json");
    if std::env::var_os("SIPSTAT_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        text,
        "SIPSTAT_BLESS=1 writes {name}.json anew"
    );
}
