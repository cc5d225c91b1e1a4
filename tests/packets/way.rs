//! What a site goes through: the whole way of law 8, a text that waits for its confirmation, and texts alone. Every step is
//! followed by all states and all probes; it never looks at a text.

use std::thread;

use portcullis::dialect::Text;
use portcullis::net::Policy;

use crate::backend::Backend;
use crate::site::Site;
use crate::story::{Story, Version};

/// A story on a firewall, with each policy at a site of its own: start, tried, applied, applied again, changed, taken out,
/// kept over a restart, and taken out again.
pub fn told(story: &Story, backend: &'static Backend) {
    thread::scope(|scope| {
        for policy in Policy::ALL {
            scope.spawn(move || law_8(story, backend, policy));
        }
    });
}

fn law_8(story: &Story, backend: &'static Backend, policy: Policy) {
    let under = |what: &str| format!("{policy:?}, {what}");
    let unguarded = story.unguarded(!backend.slow || crate::full());
    let [first, next] = &story.under(policy, &unguarded);
    let mut site = Site::new(backend, &story.addressed, &unguarded, &[&first.table, &next.table]);
    site.guard();
    let start = site.states();
    site.still_agrees(&under("before"));

    site.run_everywhere(first, Text::Try);
    site.same(&start, &under("trying changes nothing"));
    site.run_everywhere(first, Text::Apply);
    site.agrees(&under("applied"));
    let once = site.states();
    site.run_everywhere(first, Text::Apply);
    site.same(&once, &under("twice equals once"));

    site.run_everywhere(next, Text::Apply);
    site.agrees(&under("changed"));
    let over = site.states();
    site.run_everywhere(first, Text::TakeOut);
    site.same(&start, &under("taken out"));
    site.still_agrees(&under("taken out"));

    // What the changed version left is exactly what it is by itself; the machines it does not name excepted.
    site.run_everywhere(next, Text::Apply);
    site.same_rules(&over, &under("no stale rule"));
    site.run_everywhere(next, Text::Keep);
    let kept = site.states();
    site.restart();
    site.same(&kept, &under("after a restart"));
    site.still_agrees(&under("after a restart"));
    site.run_everywhere(next, Text::TakeOut);
    site.same(&start, &under("taken out after a restart"));
    crate::print(&site.tally(&format!("{}, {policy:?}", story.name)));
}

/// What a text that was rolled back leaves behind, and nobody reads any more. Taking out takes it away, too.
pub const SWEEP: &str = "rm -rf /run/portcullis/*-back.sh /run/portcullis/*-earlier*";

/// A whole policy that waits for its confirmation, on the machines of one group; each text is pasted, and the terminal is
/// closed after it.
pub fn guarded(story: &Story, backend: &'static Backend) {
    let (group, others) = (story.chief, story.unguarded(false));
    let [first, next] = story.under(Policy::WholeHost, &others);
    let mut site = Site::new(backend, &story.addressed, &others, &[&first.table, &next.table]);
    site.guard();
    let confirm = format!("rm /run/portcullis/{}-unconfirmed", backend.dialect);
    let start = site.states();

    site.run_everywhere(&first, Text::Guarded);
    site.agrees("waiting");
    let waiting = site.states();
    site.refuses(group, &site.text(&first.deployment, group, Text::Apply), "waits for its confirmation");
    site.same(&waiting, "what is refused changes nothing");
    site.wake(group, 1);
    site.went_back();
    site.run(group, SWEEP);
    site.same(&start, "not confirmed in time");
    site.still_agrees("not confirmed in time");

    site.run_everywhere(&first, Text::Guarded);
    site.run(group, &confirm);
    site.wake(group, 1);
    site.run(group, SWEEP);
    let confirmed = site.states();
    site.agrees("confirmed in time");

    site.run_everywhere(&next, Text::Guarded);
    site.agrees("a changed one, waiting");
    site.wake(group, 1);
    site.went_back();
    site.run(group, SWEEP);
    site.same(&confirmed, "back to the earlier version");
    site.still_agrees("back to the earlier version");

    // Confirmed, and the next at once: the clock of the first still runs, and must not take back what it did not bring.
    site.run_everywhere(&next, Text::Guarded);
    site.run(group, &confirm);
    site.run_everywhere(&first, Text::Guarded);
    site.wake(group, 2);
    site.went_back();
    site.agrees("back to what was just confirmed");
    site.run_everywhere(&next, Text::TakeOut);
    site.same(&start, "taken out");
    crate::print(&site.tally(&format!("{}, waiting for a confirmation", story.name)));
}

/// Both ends guarded, one could hide what the other opens too much. So each text also stands alone, among machines that let
/// everything out and in.
pub fn alone(story: &Story, backend: &'static Backend, group: &str, policy: Policy) {
    let others = story.addressed.groups.iter().map(|group| group.name.as_str()).filter(|name| *name != group);
    let others: Vec<&str> = others.collect();
    // Clients with addresses, so that no group is anywhere.
    let known = Version { deployment: story.addressed.clone(), table: story.first.table.clone() };
    let version = if policy == Policy::WholeHost { known.whole(&others) } else { known };
    let mut site = Site::new(backend, &story.addressed, &others, &[&version.table]);
    site.guard();
    site.run_everywhere(&version, Text::Apply);
    site.agrees(&format!("{group} alone, {policy:?}"));
}
