//! What the page remembers, undoes, asks about and keeps; without a browser.

use std::rc::Rc;

use yew::Reducible;

use super::*;
use crate::catalog::Id;
use crate::embed::{Embedded, Part};
use crate::net::{Addresses, Policy, Port, Ways};

fn begin(fragment: &str, kept: Option<&str>, broken: bool) -> Rc<State> {
    let catalog = Catalog::spotfire().expect("the embedded catalog");
    Rc::new(State::begin(catalog, fragment, kept.map(str::to_owned), broken))
}

fn edit(state: Rc<State>, edit: Edit) -> Rc<State> {
    state.reduce(Action::Edit(edit))
}

/// The link of the first preset with one address, to stand for somebody's deployment.
fn somebody() -> String {
    let addresses = Addresses::parse("192.0.2.11").0;
    edit(begin("", None, false), Edit::Listens(GroupId(3), addresses)).derived.link.clone()
}

#[test]
fn what_is_kept_is_opened() {
    let state = begin("", Some(&somebody()), false);
    assert_eq!(state.derived.link, somebody());
    assert!(state.aside.is_none() && state.notices.is_empty());
}

#[test]
fn a_link_is_shown_beside_what_is_kept_until_it_is_kept_itself() {
    let state = begin(&somebody(), Some("1;5j8meb"), false);
    assert!(state.aside == Some(Aside { mine: Some("1;5j8meb".to_owned()), why: Why::Link }));
    let edited = edit(state, Edit::Machines(GroupId(3), 2));
    assert!(edited.aside.is_some(), "editing a link's deployment does not make it the user's own");
    assert!(edited.clone().reduce(Action::Keep).aside.is_none());
    let back = edited.reduce(Action::Mine);
    assert!(back.aside.is_none());
    assert_eq!(*back.deployment, Deployment::initial(&back.catalog));
    let undone = back.reduce(Action::Undo);
    assert_eq!(
        undone.deployment.group(GroupId(3)).map(|group| group.machines),
        Some(2),
        "nothing is lost on the way back"
    );
}

#[test]
fn the_link_of_what_is_kept_is_nothing_new() {
    assert!(begin(&somebody(), Some(&somebody()), false).aside.is_none());
}

#[test]
fn a_link_opened_later_leaves_the_users_own_aside() {
    let mine = edit(begin("", None, false), Edit::Machines(GroupId(4), 7));
    let link = mine.derived.link.clone();
    let opened = mine.reduce(Action::Open(somebody()));
    assert!(opened.aside == Some(Aside { mine: Some(link.clone()), why: Why::Link }));
    let second = opened.reduce(Action::Open("1;g3.m=9;".to_owned()));
    assert_eq!(
        second.aside.as_ref().and_then(|aside| aside.mine.clone()),
        Some(link),
        "the second link does not replace it"
    );
    assert_eq!(second.notices.len(), 1, "the link has no check");
}

#[test]
fn a_start_that_failed_does_not_open_what_may_have_broken_it() {
    let state = begin("", Some(&somebody()), true);
    assert_eq!(*state.deployment, Deployment::initial(&state.catalog));
    assert!(state.aside == Some(Aside { mine: Some(somebody()), why: Why::Broken }));
    assert_eq!(state.reduce(Action::Mine).derived.link, somebody());
}

#[test]
fn removing_a_role_lists_what_it_opens_before_it_does() {
    let cluster = edit(begin("", None, false), Edit::Preset("cluster"));
    let before = cluster.deployment.clone();
    let asking = edit(cluster, Edit::Switch("load-balancer", false));
    let pending = asking.pending.clone().expect("clients would reach the servers directly");
    assert_eq!(pending.consequences.len(), 2, "{:?}", pending.consequences);
    assert!(pending.consequences.iter().all(|text| text.starts_with("Opens ")));
    assert_eq!(asking.deployment, before, "nothing has happened yet");
    let left = asking.clone().reduce(Action::Cancel);
    assert!(left.pending.is_none() && left.deployment == before);
    let done = asking.reduce(Action::Confirm);
    assert!(done.pending.is_none() && done.deployment != before);
    assert_eq!(done.reduce(Action::Undo).deployment, before, "one step back");
}

#[test]
fn removing_what_opens_nothing_does_not_ask() {
    let state = edit(begin("", None, false), Edit::Switch("analyst", false));
    assert!(state.pending.is_none());
    assert_eq!(state.past.len(), 1);
}

#[test]
fn deleting_an_end_of_a_flow_of_ones_own_asks() {
    let ports = crate::net::PortRange::parse("1521").expect("a port");
    let (initiator, responder) = (GroupId(4), GroupId(5));
    let flow =
        Edit::AddFlow { initiator, responder, protocol: crate::net::Protocol::Tcp, ports, purpose: "Sales".to_owned() };
    let asking = edit(edit(begin("", None, false), flow), Edit::RemoveGroup(GroupId(5)));
    let consequences = asking.pending.clone().expect("the flow would go").consequences;
    assert_eq!(consequences, ["Deletes your own flow “Sales”"]);
}

#[test]
fn typing_is_one_step_and_undo_brings_all_of_it_back() {
    let mut state = begin("", None, false);
    let start = state.deployment.clone();
    for text in ["1", "192.0.2.1", "192.0.2.11"] {
        state = edit(state, Edit::Listens(GroupId(3), Addresses::parse(text).0));
    }
    assert_eq!(state.past.len(), 1);
    state = edit(state, Edit::Port(GroupId(4), "node-communication", Port::new(9444)));
    assert_eq!(state.past.len(), 2);
    let end = state.deployment.clone();
    state = state.reduce(Action::Undo).reduce(Action::Undo).reduce(Action::Undo);
    assert_eq!(state.deployment, start);
    state = state.reduce(Action::Redo).reduce(Action::Redo).reduce(Action::Redo);
    assert_eq!(state.deployment, end);
}

#[test]
fn the_collision_fix_is_one_step() {
    let state = edit(begin("", None, false), Edit::Preset("one-machine"));
    let collision =
        state.derived.findings.iter().find(|finding| finding.message.contains("have one number")).expect("two meet");
    assert!(collision.message.contains("9080") && collision.message.contains("9443"), "{}", collision.message);
    assert_eq!(collision.fixes[0].label, "Move to 9082 and 9444");
    let (steps, fix) = (state.past.len(), collision.fixes[0].edit.clone());
    let fixed = edit(state, fix);
    assert_eq!(fixed.past.len(), steps + 1);
    assert!(!fixed.derived.findings.iter().any(|finding| finding.message.contains("have one number")));
    let host = &fixed.deployment.groups[2];
    assert_eq!(host.ports.get("node-registration"), Port::new(9082).as_ref());
    assert_eq!(host.ports.get("node-communication"), Port::new(9444).as_ref());
}

#[test]
fn a_refused_edit_says_why_and_changes_nothing() {
    let state = begin("", None, false);
    let refused = edit(state.clone(), Edit::Port(GroupId(3), "cluster", Port::new(5801)));
    assert_eq!(refused.deployment, state.deployment);
    assert_eq!(refused.notices.len(), 1);
    assert!(refused.reduce(Action::Dismiss).notices.is_empty());
}

#[test]
fn what_a_newer_page_kept_is_not_overwritten_unasked() {
    let newer = "2;g3.a=192.0.2.11;g3.shape=round;abcdef";
    let state = begin("", Some(newer), false);
    assert!(state.aside == Some(Aside { mine: Some(newer.to_owned()), why: Why::Unread }));
    assert_eq!(state.notices.len(), 2);
    assert!(edit(state.clone(), Edit::Machines(GroupId(3), 2)).aside.is_some(), "an edit does not give it up");
    assert!(state.reduce(Action::Keep).aside.is_none());
}

#[test]
fn undo_of_an_opened_link_gives_back_the_users_own_as_their_own() {
    let mine = edit(begin("", None, false), Edit::Machines(GroupId(4), 7));
    let opened = mine.clone().reduce(Action::Open(somebody()));
    let back = opened.clone().reduce(Action::Undo);
    assert!(back.aside.is_none() && back.deployment == mine.deployment);
    assert!(back.reduce(Action::Redo).aside.is_some(), "and the link is a link again");
    let kept = edit(opened, Edit::Machines(GroupId(3), 2)).reduce(Action::Keep);
    assert!(kept.reduce(Action::Undo).aside.is_none(), "what was kept is not asked about again");
}

#[test]
fn a_reset_asks_only_about_what_was_closed() {
    let state = edit(begin("", None, false), Edit::Port(GroupId(3), "server-communication", Port::new(9445)));
    let reset = edit(state, Edit::Reset(GroupId(3)));
    assert!(reset.pending.is_none(), "a listener that moves back opens nothing");
    assert_eq!(reset.deployment.changes(), 0);
    let https = Edit::GroupAnswer(GroupId(3), "web", Some("http"));
    let state = edit(begin("", None, false), https);
    let asking = edit(state, Edit::ResetAll);
    assert!(
        asking
            .pending
            .clone()
            .is_some_and(|pending| pending.consequences.iter().all(|text| text.starts_with("Opens ")))
    );
}

#[test]
fn what_could_not_be_read_is_told_until_it_is_read_or_replaced() {
    let state = begin("", None, false);
    let server = state.deployment.groups[2].id;
    let field = AttrValue::from(format!("a-{}", server.0));
    let text = AttrValue::from("192.0.2.1, 192.0.2");
    let state = edit(state, Edit::Listens(server, Addresses::parse(&text).0));
    let draft = Draft { field: field.clone(), text: text.clone() };
    let state = state.reduce(Action::Draft(draft));
    assert_eq!(state.draft(&field), Some(text));
    assert_eq!(state.unread().map(|(_, whose)| whose).collect::<Vec<_>>(), ["Spotfire Server"]);
    let gone = edit(state.clone(), Edit::RemoveGroup(server));
    assert_eq!(gone.unread().count(), 0, "nor is it anybody else's");
    let last = state.deployment.groups.iter().map(|group| group.id).max().expect("a group");
    let typed = Draft { field: format!("a-{}", last.0).into(), text: "192.0.2".into() };
    let gone = edit(state.clone().reduce(Action::Draft(typed)), Edit::RemoveGroup(last));
    let back = gone.clone().reduce(Action::Depth(gone.depth() - 1));
    assert_eq!(back.unread().count(), 2, "it is not lost by a way there and back");
    let another = edit(gone, Edit::Switch("smtp", true));
    assert!(another.deployment.group(last).is_some() && another.unread().count() == 1, "its number is given again");
    let replaced = edit(state.clone(), Edit::Listens(server, Addresses::parse("192.0.2.7").0));
    assert_eq!(replaced.unread().count(), 0, "the field shows another text now");
    assert_eq!(state.reduce(Action::Read(field)).unread().count(), 0);
}

#[test]
fn what_whole_policies_share_is_sought_beside_one_of_them_and_told_as_long_as_there_is_one() {
    let state = begin("", None, false);
    let (server, node) = (state.deployment.groups[2].id, state.deployment.groups[3].id);
    let state = edit(state, Edit::Firewall(node, "nftables".to_owned()));
    let draft = |field: &'static str| Action::Draft(Draft { field: field.into(), text: "192.0.2".into() });
    let state = state.reduce(draft("management")).reduce(draft("base-dns")).reduce(Action::Group(server));
    assert_eq!(state.unread().count(), 0, "no text needs it, and no field is there");
    let state = edit(state, Edit::Policy(node, Policy::WholeHost));
    assert_eq!(state.unread().map(|(_, whose)| whose).collect::<Vec<_>>(), ["Administrators"]);
    let sought = state.clone().reduce(Action::Seek(None, "management".to_owned()));
    assert_eq!((sought.group(), sought.view.sought.as_deref()), (Some(node), Some("management")));
    let state = edit(state, Edit::DropOutgoing(true));
    assert_eq!(state.unread().count(), 2);
    assert_eq!(edit(state, Edit::Relies("dns", false)).unread().count(), 1);
}

#[test]
fn what_could_not_be_read_at_all_is_no_other_fields() {
    let state = begin("", None, false);
    let (client, server) = (state.deployment.groups[0].id, state.deployment.groups[2].id);
    for (field, whose) in [
        (format!("a-{}", server.0), Some("Spotfire Server")),
        // Nothing is missing there: any address.
        (format!("a-{}", client.0), None),
        // It connects from where it listens, so there is no such field.
        (format!("f-{}", server.0), None),
        ("a-99".to_owned(), None),
        ("management".to_owned(), Some("Administrators")),
        // What is dropped is what comes in, so far.
        ("base-dns".to_owned(), None),
    ] {
        let draft = Draft { field: field.clone().into(), text: "192.0.2".into() };
        assert_eq!(draft.whose(&state.deployment), whose, "{field}");
    }
}

#[test]
fn what_is_dropped_is_shown_until_somebody_looks_elsewhere() {
    let state = begin("", None, false);
    assert_eq!(state.ways(), Ways::In);
    let state = edit(state.reduce(Action::Ways(Ways::In)), Edit::DropOutgoing(true));
    assert_eq!(state.ways(), Ways::Both);
    assert_eq!(state.reduce(Action::Ways(Ways::Out)).ways(), Ways::Out);
}

/// In clouds, rules for one direction alone would close the other.
#[test]
fn a_group_in_a_cloud_has_both_directions_until_somebody_asks_for_one() {
    let state = begin("", None, false);
    let group = state.group().expect("a group with rules");
    for dialect in crate::dialect::DIALECTS {
        let chosen = edit(state.clone(), Edit::Firewall(group, dialect.id.to_owned()));
        let both = !dialect.place.on_host();
        assert_eq!(chosen.ways(), if both { Ways::Both } else { Ways::In }, "{}", dialect.id);
        assert_eq!(chosen.reduce(Action::Ways(Ways::In)).ways(), Ways::In);
    }
}

#[test]
fn a_comparison_is_looked_at_only_and_going_there_is_one_step() {
    let state = begin("", None, false);
    let (link, own) = (state.derived.link.clone(), state.deployment.release);
    let releases: Vec<Id> = state.catalog.releases.iter().map(|release| release.id).collect();
    let state = state.reduce(Action::Compare(Some(releases[0])));
    assert_eq!((state.derived.link.as_str(), state.depth()), (link.as_str(), 0));
    assert_eq!(state.compared().map(|it| (it.from, it.to)), Some((own, releases[0])));
    assert!(Rc::ptr_eq(&state.compared().unwrap(), &state.compared().unwrap()), "computed once");
    // It follows an edit, and another release.
    let state = edit(state, Edit::Release(releases[1]));
    assert_eq!(state.compared().map(|it| (it.from, it.to)), Some((releases[1], releases[0])));
    let state = state.reduce(Action::Compare(Some(own)));
    assert_eq!(state.compared().map(|it| (it.from, it.to)), Some((releases[1], own)));
    // With itself there is nothing to compare.
    assert!(edit(state.clone(), Edit::Release(own)).compared().is_none());
    let state = state.reduce(Action::Upgrade(own));
    assert_eq!((state.deployment.release, state.depth()), (own, 2));
    assert!(state.compared().is_none() && state.view.sought.is_some());
    let state = state.reduce(Action::Undo);
    assert_eq!(state.deployment.release, releases[1]);
    assert!(state.compared().is_none());
}

#[test]
fn some_flows_are_looked_at_only_and_drawn_once() {
    use crate::catalog::Encryption;
    use crate::flow::Category;
    let state = begin("", None, false);
    let (all, link) = (state.picture(), state.derived.link.clone());
    assert!(Rc::ptr_eq(&all, &state.picture()), "drawn once");
    assert!(all.note.is_empty() && all.flows == state.derived.flows.len());
    let shown = |filter: Filter| state.clone().reduce(Action::Filter(filter));
    let clear = shown(Filter { encryption: Some(Encryption::Clear), ..Filter::default() });
    assert_eq!((clear.picture().note.as_str(), clear.picture().flows), ("2 of 9 flows: clear text", 2));
    assert_eq!((clear.derived.link.as_str(), clear.depth()), (link.as_str(), 0));
    let both = Filter { category: Some(Category::BackEnd), ways: Some(Ways::In), ..Filter::default() };
    let server = shown(both);
    assert_eq!(server.picture().note, "2 of 9 flows: back end, into Spotfire Server");
    // Of the group whose text is shown; what is not asked for the group does not draw it again.
    let node = server.clone().reduce(Action::Only(GroupId(4)));
    assert_eq!(node.picture().note, "4 of 9 flows: back end, into Node");
    assert_eq!(node.view.sought.as_deref(), Some("box-4"));
    let other = clear.clone().reduce(Action::Only(GroupId(4)));
    assert!(Rc::ptr_eq(&other.picture(), &clear.picture()) && other.view.sought.is_none());
    assert!(shown(Filter::default()).picture().note.is_empty());
    // With another release, its flows are there too.
    let before = edit(server, Edit::Release("10.3")).reduce(Action::Filter(Filter::default()));
    let before = edit(before, Edit::Machines(GroupId(3), 2));
    let own = before.derived.flows.len();
    let compared = before.reduce(Action::Compare(Some("12.0"))).picture();
    assert!(compared.flows > own && compared.note == "compared with 12.0");
    assert!(compared.markup.contains("+ added") && compared.markup.contains("− removed"));
}

#[test]
fn a_group_without_a_text_leaves_the_text_that_is_shown() {
    let state = edit(begin("", None, false), Edit::Switch("ldap", true));
    let directory = state.deployment.groups.last().expect("a group").id;
    assert!(!state.derived.offered.contains(&directory));
    assert!(Rc::ptr_eq(&state, &state.clone().reduce(Action::Only(directory))));
}

#[test]
fn news_of_a_default_are_there_until_it_is_taken_or_they_are_dismissed() {
    let mut catalog = Catalog::spotfire().expect("the embedded catalog");
    catalog.version = "2199.01";
    let (listener, was) =
        (catalog.listeners.iter_mut().find(|listener| listener.id == "node-communication").unwrap(), "9443");
    listener.ports[0].first = Port::new(9643).unwrap();
    catalog.changes.push(crate::catalog::Revision {
        version: "2199.01",
        listener: Some(listener.id),
        since: "",
        choice: None,
        was,
        text: "A document says so.",
    });
    let old = somebody();
    // Nobody can take it inside another page, and there it is told all the same.
    let catalog = Rc::new(catalog);
    let shown = Embedded { part: Part::All, group: None, firewall: None, ways: None };
    let embedded = State::embedded(catalog.clone(), &old, shown, Vec::new());
    assert_eq!(embedded.notices.len(), 1, "{:?}", embedded.notices);
    assert!(embedded.notices[0].contains("A document says so."), "{:?}", embedded.notices);
    drop(embedded);
    let catalog = Rc::into_inner(catalog).unwrap();
    let state = Rc::new(State::begin(catalog, &old, None, false));
    let news: Vec<News> = state.news().cloned().collect();
    assert_eq!((news.len(), state.notices.len()), (1, 0));
    let state = edit(state, news[0].fix.as_ref().unwrap().edit.clone());
    assert_eq!(state.news().count(), 0);
    let state = state.reduce(Action::Undo);
    assert_eq!(state.news().count(), 1);
    assert_eq!(state.clone().reduce(Action::Known).news().count(), 0);
}

#[test]
fn inside_another_page_nothing_is_edited_kept_or_taken_away() {
    let own = somebody();
    let state = begin("&view=table", Some(&own), false);
    // Not what is kept, but what the page begins with where nothing is.
    assert_ne!(state.derived.link, own);
    let before = state.derived.link.clone();
    let state = edit(state, Edit::Switch("smtp", true));
    let state = state.reduce(Action::Elsewhere(own.clone())).reduce(Action::Paste("192.0.2.1".to_owned()));
    let nothing = state.aside.is_none() && state.pasted.is_none() && state.past.is_empty();
    assert!(nothing && state.derived.link == before);
    // It stays inside another page, whatever its address becomes.
    let state = state.reduce(Action::Open(own.clone()));
    assert!(state.view.embedded.is_some() && state.derived.link == own);
    // And the whole page stays whole: a view is a link like another, which can be undone.
    let state = begin("", Some(&own), false);
    assert_eq!(state.derived.link, own);
    let same = state.clone().reduce(Action::Open("&view=table".to_owned()));
    assert!(Rc::ptr_eq(&state, &same));
    let opened = state.reduce(Action::Open([&before, "&view=table"].concat()));
    assert!(opened.view.embedded.is_none() && opened.derived.link == before);
    assert_eq!(opened.reduce(Action::Undo).derived.link, own);
}

#[test]
fn only_the_button_that_goes_away_moves_the_focus() {
    let some = Filter { encryption: Some(crate::catalog::Encryption::Clear), ..Filter::default() };
    let state = begin("", None, false).reduce(Action::Filter(some));
    let by_list = state.clone().reduce(Action::Filter(Filter::default()));
    let by_button = state.reduce(Action::Unfilter);
    assert!(by_list.view.filter == Filter::default() && by_button.view.filter == Filter::default());
    assert_eq!((by_list.view.sought.as_deref(), by_button.view.sought.as_deref()), (None, Some(FIRST)));
}
