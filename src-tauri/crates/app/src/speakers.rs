//! Several models in one thread: who has spoken, and what a model is told when it is not the only one.

use parlance_core::{Formatter, Msg, Role};

/// How a conversation is put to the model that is called `me`, and what it hears first. With one model in a thread this is a
/// person and an assistant; with more, each line has its speaker's name, and the model is told which one it is.
pub(crate) fn put(me: &str, messages: Vec<Msg>) -> (Formatter, Vec<Msg>) {
    let is_another = |msg: &Msg| msg.role == Role::Assistant && msg.name != me;
    if !messages.iter().any(is_another) {
        return (Formatter::Chat, messages);
    }
    let mut told = vec![Msg::text(Role::System, "system", instructions(me))];
    told.extend(messages);
    (Formatter::MultiAgent, told)
}

fn instructions(me: &str) -> String {
    format!(
        "You are {me}. You are one of several models in this conversation with one person; each line of the history begins \
         with the name of whoever said it. Answer the person's last message as {me}: in your own words, without your name \
         before them, and without speaking for anybody else."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: Role, name: &str) -> Msg {
        Msg::text(role, name, "words")
    }

    #[test]
    fn one_model_is_an_assistant_and_several_are_called_by_name() {
        let alone = vec![said(Role::User, "you"), said(Role::Assistant, "a"), said(Role::User, "you")];
        assert_eq!(put("a", alone.clone()), (Formatter::Chat, alone.clone()));
        assert_eq!(put("a", vec![]), (Formatter::Chat, vec![]));
        let (formatter, told) = put("b", alone.clone());
        assert_eq!((formatter, told[0].role, &told[1..]), (Formatter::MultiAgent, Role::System, &alone[..]));
        assert!(told[0].content[0].as_text().unwrap().starts_with("You are b. "));
    }
}
