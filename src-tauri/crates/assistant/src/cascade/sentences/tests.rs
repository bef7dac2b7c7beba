use proptest::prelude::*;

use super::*;

fn pieces(text: &str) -> Vec<Piece> {
    let mut sentences = Sentences::default();
    let mut pieces = sentences.push(text);
    pieces.extend(sentences.finish());
    pieces
}

/// The pieces that are said, without the space around them.
fn said(text: &str) -> Vec<String> {
    let said = pieces(text).into_iter().filter(|piece| piece.kind != Kind::Silent);
    said.map(|piece| piece.text.trim().to_owned()).collect()
}

#[test]
fn sentences_end_where_people_end_them() {
    for (text, sentences) in [
        ("One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"][..]),
        ("你好。我很高兴！你呢？好", &["你好。", "我很高兴！", "你呢？", "好"]),
        ("他说：“你好。”然后走了。", &["他说：“你好。”", "然后走了。"]),
        ("Use 3.5 or 1,000.25 of it. Done.", &["Use 3.5 or 1,000.25 of it.", "Done."]),
        ("Dr. Smith met Mr. J. Doe. They spoke.", &["Dr. Smith met Mr. J. Doe.", "They spoke."]),
        ("Fruit, e.g. Apples, i.e. Red ones. Yes.", &["Fruit, e.g. Apples, i.e. Red ones.", "Yes."]),
        ("See fig. 3 and No. 5. Then go.", &["See fig. 3 and No. 5.", "Then go."]),
        ("In the U.S. it rains. At 5 p.m. We go.", &["In the U.S. it rains.", "At 5 p.m.", "We go."]),
        ("So am I. You too.", &["So am I.", "You too."]),
        ("Well... maybe. Hm... Yes.", &["Well... maybe.", "Hm...", "Yes."]),
        ("嗯……好吧。行", &["嗯……好吧。", "行"]),
        ("“Really?” he said. “Yes.” She left.", &["“Really?” he said.", "“Yes.”", "She left."]),
        ("What?! No. (It is.) Ah.", &["What?!", "No.", "(It is.)", "Ah."]),
        ("Read [The end. Of it](https://a.b/c. d) now. Go.", &["Read [The end. Of it](https://a.b/c. d) now.", "Go."]),
        ("Call `a. B` first. Then.", &["Call `a. B` first.", "Then."]),
        ("**Bold. Words.** Next.", &["**Bold.", "Words.**", "Next."]),
        ("We use Node.js and v1.2.3. Good.", &["We use Node.js and v1.2.3.", "Good."]),
        ("a line\nthat goes on. End", &["a line\nthat goes on.", "End"]),
    ] {
        assert_eq!(said(text), sentences, "{text}");
    }
}

#[test]
fn blocks_are_pieces_of_their_own() {
    for (text, sentences) in [
        ("# Title\nText", &["# Title", "Text"][..]),
        (
            "Buy:\n- eggs\n- milk\n\n1. Open it\n2. Eat. Now.",
            &["Buy:", "- eggs", "- milk", "1. Open it", "2. Eat.", "Now."],
        ),
        ("Run\n```sh\nls. Then\n```\nand look.", &["Run", "and look."]),
        ("~~~\n```\n~~~\nx", &["x"]),
        ("```\nnever closed. Ever", &[]),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |\nend", &["| a | b |", "| 1 | 2 |", "end"]),
        ("a\n\n---\n\nb", &["a", "b"]),
        ("It is so[^1].\n\n[^1]: The source.\n[x]: https://a.b", &["It is so[^1]."]),
        ("> quoted words\n> go on.", &["> quoted words\n> go on."]),
        ("*emphasis* first. Then", &["*emphasis* first.", "Then"]),
        ("", &[]),
        ("\n\n", &[]),
    ] {
        assert_eq!(said(text), sentences, "{text}");
    }
}

#[test]
fn a_sentence_is_there_as_soon_as_the_next_one_begins() {
    let mut sentences = Sentences::default();
    assert_eq!(sentences.push("The first one."), []);
    assert_eq!(sentences.push(" "), []);
    assert_eq!(sentences.push("T")[0].text, "The first one. ");
    assert_eq!(sentences.push("wo\n"), []);
    let mut chinese = Sentences::default();
    assert_eq!(chinese.push("你好。我")[0].text, "你好。");
}

#[test]
fn a_long_first_sentence_begins_at_a_comma_and_one_without_marks_between_words() {
    let text = "Because there is so much to tell about this subject, I begin, and I go on, and on.";
    assert_eq!(said(text), ["Because there is so much to tell about this subject,", "I begin, and I go on, and on."]);
    let endless = "word ".repeat(300);
    assert!(pieces(&endless).iter().all(|piece| piece.text.len() <= LONGEST + 5), "{:?}", pieces(&endless).len());
    assert!(pieces(&"字".repeat(500)).len() > 2);
    assert!(pieces(&format!("[{endless}")).iter().all(|piece| piece.text.len() <= 2 * LONGEST + 5));
}

#[test]
fn a_pause_ends_a_piece_and_what_follows_is_a_new_line() {
    let mut sentences = Sentences::default();
    sentences.push("I look it up");
    assert_eq!(sentences.finish()[0].text, "I look it up");
    sentences.push("- found. ");
    let pieces = sentences.finish();
    assert_eq!((pieces[0].text.as_str(), pieces[0].range.clone()), ("- found. ", 12..21));
}

/// Text that has a bit of everything.
fn markdown() -> impl Strategy<Value = String> {
    let scraps = prop::sample::select(vec![
        "word", " ", ". ", "! ", "\n", "\n\n", "```", "`", "**", "[", "](", ")", "|", "- ", "1. ", "# ", "。", "，",
        "你好", "e.g. ", "3.5", "…", "”", "🎉", "---", "> ", "~~~", "Mr. ", ", ", "A", "[^1]: ", "\r\n", "é",
    ]);
    prop::collection::vec(scraps, 0..60).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn however_the_text_comes_its_pieces_are_the_same_and_all_of_it(
        text in markdown(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let whole = pieces(&text);
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| ends[cut.index(ends.len())]).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let mut sentences = Sentences::default();
        let mut parts: Vec<Piece> = cuts.windows(2).flat_map(|cut| sentences.push(&text[cut[0]..cut[1]])).collect();
        parts.extend(sentences.finish());
        prop_assert_eq!(&parts, &whole);
        let joined: String = whole.iter().map(|piece| piece.text.as_str()).collect();
        prop_assert_eq!(joined, text.as_str());
        for piece in &whole {
            prop_assert_eq!(&text[piece.range.clone()], piece.text.as_str());
        }
    }
}
