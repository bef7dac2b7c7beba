//! `notes`, from files to hits and back to files.

use serde_json::{Value, json};

use crate::stage::Stage;

/// A vault with folders, tags, several scripts, and what is no note.
fn vault(stage: &Stage) -> String {
    let root = stage.path("Vault");
    for (file, text) in [
        (
            "House/Heating.md",
            "---\ntags: [warm]\n---\n# Heating plan\n\n## Decision\n\nWe decided to wait until May.\n",
        ),
        ("House/Dach.md", "# Dach\n\nDie Heizungsanlage steht im Keller.\n"),
        ("暖气.md", "我们决定关掉暖气。\n"),
        ("picture.png", "\u{0}"),
        (".obsidian/app.md", "settings"),
    ] {
        let path = std::path::Path::new(&root).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn counts(told: &Value) -> [u64; 5] {
    ["added", "changed", "same", "kept", "faulty"].map(|field| told[field].as_u64().unwrap())
}

#[test]
fn a_folder_is_taken_in_once_and_again_where_it_has_changed() {
    let stage = Stage::repeating();
    let root = vault(&stage);
    let first = stage.call(&["notes", "import", &root, "--json"]).well().json();
    assert_eq!((counts(&first), &first["passed_over"]), ([3, 0, 0, 0, 0], &json!(2)), "{first}");
    let again = stage.call(&["notes", "import", &root, "--json"]).well().json();
    assert_eq!(counts(&again), [0, 0, 3, 0, 0]);
    std::fs::write(format!("{root}/House/Dach.md"), "# Dach\n\nEin neues Dach.\n").unwrap();
    std::fs::write(format!("{root}/broken.md"), b"a\xffb").unwrap();
    let changed = stage.call(&["notes", "import", &root, "--json"]).well().json();
    assert_eq!(counts(&changed), [1, 1, 2, 0, 1], "{changed}");
    assert_eq!(changed["faults"][0]["why"], "some_not_text");

    let listed = stage.call(&["notes", "list", "--json"]).well().json();
    assert_eq!(listed["total"], 4);
    let tagged = stage.call(&["notes", "list", "--tag", "warm", "--folder", "Vault/House", "--json"]).well().json();
    assert_eq!((&tagged["total"], &tagged["notes"][0]["title"]), (&json!(1), &json!("Heating plan")));
    assert_eq!(stage.call(&["notes", "import", &stage.path("none"), "--json"]).json()["error"]["code"], "bad_file");
}

#[test]
fn passages_are_found_with_their_place_in_every_script() {
    let stage = Stage::repeating();
    let root = vault(&stage);
    stage.call(&["notes", "import", &root]).well();
    let search = |query: &str, more: &[&str]| {
        let words: Vec<&str> =
            ["notes", "search", query, "--mode", "text", "--json"].iter().chain(more).copied().collect();
        stage.call(&words).well().json()
    };
    let found = search("what did we decide", &[]);
    let hit = &found["hits"][0];
    assert_eq!((&hit["title"], &hit["heading"]), (&json!("Heating plan"), &json!(["Heating plan", "Decision"])));
    let file = std::fs::read(format!("{root}/House/Heating.md")).unwrap();
    let (start, end) = (hit["start"].as_u64().unwrap() as usize, hit["end"].as_u64().unwrap() as usize);
    assert_eq!(
        std::str::from_utf8(&file[start..end]).unwrap(),
        hit["text"].as_str().unwrap(),
        "bytes of the file itself"
    );
    assert_eq!(found["total"], 3);
    for (query, title) in [("暖气", "暖气"), ("anlage", "Dach"), ("Heating plan", "Heating plan")] {
        assert_eq!(search(query, &[])["hits"][0]["title"], title, "{query}");
    }
    assert_eq!(search("decide", &["--tag", "none"])["hits"], json!([]));
    assert_eq!(search("heating", &["--folder", "Vault/House", "--limit", "1"])["hits"].as_array().unwrap().len(), 1);
    for odd in ["\"", "AND OR", "*", "", "a:b ^ NEAR("] {
        assert_eq!(search(odd, &[])["hits"], json!([]), "{odd:?}");
    }
    assert_eq!(stage.call(&["notes", "search", "x", "--limit", "0"]).code, 2);
}

#[test]
fn a_note_is_added_shown_written_out_and_removed() {
    let stage = Stage::repeating();
    let added =
        stage.call_with_stdin(&["notes", "add", "-", "--title", "Shopping", "--json"], "Buy milk #home".as_bytes());
    let id = added.well().json()["id"].as_str().unwrap().to_owned();
    let shown = stage.call(&["notes", "show", &id, "--json"]).well().json();
    assert_eq!((&shown["text"], &shown["summary"]["tags"]), (&json!("Buy milk #home"), &json!(["home"])));
    assert_eq!(stage.call(&["notes", "show", &id]).well().stdout, "Buy milk #home\n");

    let target = stage.path("out");
    stage.call(&["notes", "export", &target]).well();
    let written = std::fs::read_to_string(format!("{target}/Shopping.md")).unwrap();
    assert_eq!(written, "---\ntitle: \"Shopping\"\n---\n\nBuy milk #home");
    let again = stage.call(&["notes", "export", &target, "--json"]);
    assert_eq!((again.code, &again.json()["error"]["code"]), (1, &json!("bad_file")), "nothing is overwritten");

    stage.call(&["notes", "remove", &id]).well();
    assert_eq!(stage.call(&["notes", "status", "--json"]).well().json()["notes"], 0);
    assert_eq!(stage.call(&["notes", "show", &id, "--json"]).json()["error"]["code"], "gone");
    assert_eq!(
        stage.call_with_stdin(&["notes", "add", "-", "--json"], b" \n").json()["error"]["code"],
        "empty_message"
    );
    let gone = stage.kept().into_iter().find(|(_, bytes)| bytes.windows(8).any(|window| window == b"Buy milk"));
    assert!(gone.is_none(), "{:?}", gone.map(|(path, _)| path));
}

#[test]
fn a_followed_folder_is_as_its_files_are_and_they_are_left_alone() {
    let stage = Stage::repeating();
    let root = vault(&stage);
    let ids = || {
        let listed = stage.call(&["notes", "list", "--json"]).well().json();
        let notes = listed["notes"].as_array().unwrap().iter();
        let mut ids: Vec<(String, String)> = notes
            .map(|note| (note["title"].as_str().unwrap().to_owned(), note["id"].as_str().unwrap().to_owned()))
            .collect();
        ids.sort();
        ids
    };
    stage.call(&["notes", "follow", &root]).well();
    let before = ids();
    std::fs::rename(format!("{root}/暖气.md"), format!("{root}/House/暖房.md")).unwrap();
    std::fs::remove_file(format!("{root}/House/Dach.md")).unwrap();
    std::fs::write(format!("{root}/new.md"), "# New\n").unwrap();
    stage.call(&["notes", "follow", &root]).well();
    let after = ids();
    let titles: Vec<&str> = after.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["Heating plan", "New", "暖房"]);
    let id = |ids: &[(String, String)], title: &str| ids.iter().find(|(one, _)| one == title).map(|(_, id)| id.clone());
    assert_eq!(id(&before, "暖气"), id(&after, "暖房"), "a file that was renamed is the same note");
    let refused = stage.call(&["notes", "remove", &after[0].1, "--json"]);
    assert_eq!(refused.json()["error"]["code"], "note_follows_file");
    std::fs::rename(&root, stage.path("away")).unwrap();
    assert_eq!(stage.call(&["notes", "follow", &root]).code, 1);
    assert_eq!(ids(), after, "a disk that is not there empties nothing");
    std::fs::rename(stage.path("away"), &root).unwrap();
    stage.call(&["notes", "unfollow", &root, "--remove"]).well();
    assert_eq!(ids(), []);
    assert!(std::path::Path::new(&root).join("new.md").exists());
}
