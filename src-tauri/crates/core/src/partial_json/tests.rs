use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The tree after all pieces, and how far they came.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (Value, Progress) {
    let (mut json, mut root) = (PartialJson::default(), Map::new());
    pieces.into_iter().for_each(|piece| json.push(&mut root, piece));
    (Value::Object(root), json.progress())
}

#[test]
fn what_is_open_is_there_as_far_as_it_has_come_and_numbers_only_when_complete() {
    use Progress::{Broken, Open, Whole};
    for (text, expected, progress) in [
        ("", json!({}), Open),
        (" \n{", json!({}), Open),
        (r#"{"ci"#, json!({}), Open),
        (r#"{"city""#, json!({}), Open),
        (r#"{"city":"#, json!({}), Open),
        (r#"{"city":""#, json!({"city": ""}), Open),
        (r#"{"city":"Zü"#, json!({"city": "Zü"}), Open),
        (r#"{"city":"Zü\u0072i"#, json!({"city": "Züri"}), Open),
        (r#"{"city":"a\"#, json!({"city": "a"}), Open),
        (r#"{"city":"a\u00"#, json!({"city": "a"}), Open),
        (r#"{"face":"\ud83d"#, json!({"face": ""}), Open),
        (r#"{"face":"\ud83d\ude00"#, json!({"face": "😀"}), Open),
        (r#"{"n":12"#, json!({}), Open),
        (r#"{"n":12 "#, json!({"n": 12}), Open),
        (r#"{"n":-1.5e3,"ok":tru"#, json!({"n": -1500.0}), Open),
        (r#"{"ok":true}"#, json!({"ok": true}), Whole),
        (r#"{"list":[1,[2,"x"],{"a":n"#, json!({"list": [1, [2, "x"], {}]}), Open),
        (r#"{"list":[1,2"#, json!({"list": [1]}), Open),
        (r#"{"a":{"b":{"c":[]}}} "#, json!({"a": {"b": {"c": []}}}), Whole),
        ("{}", json!({}), Whole),
        ("{\"a\":\"line\nend\",\"b\":[1,],}", json!({"a": "line\nend", "b": [1]}), Whole),
        (r#"{"a":1}}"#, json!({"a": 1}), Broken),
        (r#"{"a":1]"#, json!({"a": 1}), Broken),
        (r#"{"a":[1}"#, json!({"a": [1]}), Broken),
        (r#"{"a":"x","a":"y"}"#, json!({"a": "x"}), Broken),
        (r#"{"a":01,"b":1}"#, json!({}), Broken),
        (r#"{"a":"\ud83d!"}"#, json!({"a": ""}), Broken),
        (r#"{"a":"\ude00"}"#, json!({"a": ""}), Broken),
        (r#"{"a":"\x"}"#, json!({"a": ""}), Broken),
        (r#"{"a":é}"#, json!({}), Broken),
        (r#"{a:1}"#, json!({}), Broken),
        (r#"{,}"#, json!({}), Broken),
        ("[1]", json!({}), Broken),
        ("null", json!({}), Broken),
    ] {
        assert_eq!(read([text]), (expected, progress), "{text}");
    }
}

#[test]
fn a_number_at_the_end_is_complete_when_no_more_is_coming() {
    for (text, expected) in [
        (r#"{"a":[1,{"b":2"#, json!({"a": [1, {"b": 2}]})),
        (r#"{"a":1,"b":tru"#, json!({"a": 1})),
        (r#"{"a":1,"b":true"#, json!({"a": 1, "b": true})),
        (r#"{"a":"b"#, json!({"a": "b"})),
    ] {
        let (mut json, mut root) = (PartialJson::default(), Map::new());
        json.push(&mut root, text);
        json.end(&mut root);
        assert_eq!(Value::Object(root), expected, "{text}");
    }
}

#[test]
fn as_deep_as_serde_reads_and_no_deeper() {
    let nested = |depth: usize| format!("{{\"a\":{}\"x\"{}}}", "[".repeat(depth), "]".repeat(depth));
    for depth in [1, MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, 10 * MAX_DEPTH] {
        let text = nested(depth);
        let is_read = serde_json::from_str::<Value>(&text).is_ok();
        assert_eq!(read([text.as_str()]).1 == Progress::Whole, is_read, "{depth}");
    }
}

#[test]
fn a_delta_of_twenty_thousand_costs_as_much_as_one_of_two_hundred() {
    // Deep inside, so that finding the place again counts; the text of every delta is as long.
    let start = r#"{"a":[{"b":{"text":""#;
    let steps_of_each = |deltas: usize| {
        let (mut json, mut root) = (PartialJson::default(), Map::new());
        json.push(&mut root, start);
        let before = json.steps;
        (0..deltas).for_each(|_| json.push(&mut root, "four"));
        (json.steps - before) as f64 / deltas as f64
    };
    assert_eq!(steps_of_each(200), steps_of_each(20_000));
    let elements = |count: usize| {
        let text = format!("{{\"list\":[{}", r#"{"k":[1,"x"]},"#.repeat(count));
        let (mut json, mut root) = (PartialJson::default(), Map::new());
        text.as_bytes().chunks(7).for_each(|piece| json.push(&mut root, std::str::from_utf8(piece).unwrap()));
        json.steps as f64 / text.len() as f64
    };
    assert!(elements(20_000) < 1.1 * elements(200), "{} {}", elements(20_000), elements(200));
}

/// Whether `early` could become `late` by growing.
fn grows_into(early: &Value, late: &Value) -> bool {
    match (early, late) {
        (Value::String(early), Value::String(late)) => late.starts_with(early.as_str()),
        (Value::Array(early), Value::Array(late)) => {
            early.len() <= late.len() && early.iter().zip(late).all(|(early, late)| grows_into(early, late))
        }
        (Value::Object(early), Value::Object(late)) => {
            let keys_stay = early.keys().zip(late.keys()).all(|(early, late)| early == late);
            early.len() <= late.len() && keys_stay && early.iter().all(|(key, value)| grows_into(value, &late[key]))
        }
        (early, late) => early == late,
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "\\PC{0,12}|[\"\\\\/\u{0}-\u{20}é😀]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,6}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn objects() -> impl Strategy<Value = Value> {
    prop::collection::vec(("\\PC{0,6}|[\"\\\\😀]{1,3}", values()), 0..5)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

/// The text of a value, short or long, with every character escaped or none that need not be.
fn texts() -> impl Strategy<Value = (Value, String)> {
    (objects(), any::<bool>(), any::<bool>()).prop_map(|(value, is_pretty, is_ascii)| {
        let text =
            if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let escaped = |c: char| {
            let units = c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            if c.is_ascii() { c.to_string() } else { units }
        };
        let text: String = if is_ascii { text.chars().map(escaped).collect() } else { text };
        // As others read it: the last digit of a number may be another than was written.
        (serde_json::from_str(&text).unwrap(), text)
    })
}

/// The text in pieces that end at any character.
fn split(text: &str, sizes: &[usize]) -> Vec<String> {
    let (mut chars, mut sizes) = (text.chars().peekable(), sizes.iter().cycle());
    let mut pieces = Vec::new();
    while chars.peek().is_some() {
        pieces.push(chars.by_ref().take(*sizes.next().unwrap()).collect());
    }
    pieces
}

proptest! {
    #[test]
    fn in_whatever_pieces_it_comes_an_object_is_read_as_it_was_written(
        (value, text) in texts(),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let pieces = split(&text, &sizes);
        prop_assert_eq!(read(pieces.iter().map(String::as_str)), (value, Progress::Whole));
    }

    #[test]
    fn what_is_there_stays_and_only_grows((value, text) in texts()) {
        let (mut json, mut root) = (PartialJson::default(), Map::new());
        let mut before = Value::Object(Map::new());
        for c in text.chars() {
            json.push(&mut root, c.encode_utf8(&mut [0; 4]));
            let now = Value::Object(root.clone());
            prop_assert!(grows_into(&before, &now), "{} became {}", before, now);
            prop_assert!(grows_into(&now, &value), "{} of {}", now, value);
            before = now;
        }
    }

    #[test]
    fn any_text_is_read_the_same_in_any_pieces_and_never_shrinks(
        text in "\\{[{}\\[\\]\",:\\\\u0adtrue e1.é\n-]{0,40}",
        sizes in prop::collection::vec(1usize..5, 1..4),
    ) {
        let (mut json, mut root) = (PartialJson::default(), Map::new());
        for piece in split(&text, &sizes) {
            let before = Value::Object(root.clone());
            json.push(&mut root, &piece);
            prop_assert!(grows_into(&before, &Value::Object(root.clone())));
        }
        prop_assert_eq!(read([text.as_str()]), (Value::Object(root), json.progress()));
        // What others read, we read; an object with a key twice has no one reading.
        if let (Ok(value), (read, Progress::Whole)) = (serde_json::from_str::<Value>(&text), read([text.as_str()])) {
            prop_assert_eq!(value, read);
        }
    }
}
