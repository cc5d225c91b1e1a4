//! The published schema of the catalog says what the file is: it takes the file, and refuses what the file must not become,
//! naming the row. Knows nothing of the reader in Rust, which refuses on its own.

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../docs/catalog.schema.json");
const SPOTFIRE: &str = include_str!("../../src/catalog/spotfire.json");
const LIGHTHOUSE: &str = include_str!("../tables/lighthouse.json");

/// What the schema has against a catalog, with the row, or nothing.
fn complaint(catalog: &Value) -> Option<String> {
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource("catalog.schema.json", serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let schema = compiler.compile("catalog.schema.json", &mut schemas).unwrap();
    schemas.validate(catalog, schema).err().map(|error| error.to_string())
}

#[test]
fn the_schema_takes_the_facts_and_another_products_catalog() {
    for text in [SPOTFIRE, LIGHTHOUSE] {
        assert_eq!(complaint(&serde_json::from_str(text).unwrap()), None);
    }
}

#[test]
fn the_schema_refuses_what_is_not_a_catalog_and_names_the_row() {
    let whole: Value = serde_json::from_str(SPOTFIRE).unwrap();
    let broken: [(&str, Value); 9] = [
        ("/listeners/3/ports/0/first", json!(0)),
        ("/listeners/3/ports/0/first", json!(65_536)),
        ("/listeners/3/protocol", json!("icmp")),
        ("/listeners/3/encryption", json!("perhaps")),
        ("/roles/2/kind", json!("wizard")),
        ("/roles/2/sources", json!([])),
        ("/dependencies/5/from", json!("server")),
        ("/choices/1/scope", json!("machine")),
        ("/presets/0/groups/0/machines", json!(0)),
    ];
    for (row, value) in broken {
        let mut changed = whole.clone();
        let (parent, field) = row.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[field] = value.clone();
        let said = complaint(&changed).unwrap_or_else(|| panic!("{row} may be {value}"));
        assert!(said.contains(row), "{row} = {value}: {said}");
    }
    for table in ["roles", "listeners", "dependencies", "choices", "presets"] {
        let mut changed = whole.clone();
        changed[table][0]["surprise"] = json!(1);
        assert!(complaint(&changed).is_some_and(|said| said.contains("surprise")), "{table} takes any key");
    }
}
