//! The way of a caller through a flow: how it begins, what their leg carries of it while they wait for an agent, and how
//! another daemon goes on with it.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::flow::run::{Event, Run};
use crate::inbound::caller::{Caller, Course};
use crate::inbound::shelf::{EditionId, Origin};
use crate::input::{CourseMark, QueuePlace};
use crate::model::{CallId, Overflow, QueueId, Timestamp};

/// A leg that carries more than this would be too much for a channel variable: a flow that leads to more flows in their
/// live revisions is not written on it.
const LIVE_MAX: usize = 16;

impl Engine {
    /// A caller begins a flow.
    pub(crate) fn begin_flow(&mut self, id: CallId, edition: EditionId, is_overflow: bool) {
        let wall = self.cx.wall;
        let chance = self.cx.mint.draw();
        let Some(around) = self.shelf.around(edition) else { return };
        let Some(caller) = self.callers.get(&id) else { return };
        let run = Run::new(around, caller.facts(chance), wall);
        self.take_course(id, Course { edition, run, is_overflow });
        self.tell_flow(id, Event::Begun);
    }

    fn take_course(&mut self, id: CallId, course: Course) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        course.run.locale().clone_into(&mut caller.locale);
        caller.language.get_or_insert_with(|| course.run.locale().to_owned());
        if let Some(before) = caller.course.replace(course) {
            self.shelf.close(before.edition);
        }
    }

    /// Where a caller waits in the flow that somebody published, for their leg to carry.
    pub(crate) fn course_to_mark(&self, caller: &Caller) -> Option<CourseMark> {
        let course = caller.course.as_ref().filter(|_| caller.waiting.is_some())?;
        let Origin { flow, revision, live } = self.shelf.origin(course.edition)?;
        let place = course.run.bookmark(self.shelf.around(course.edition)?)?;
        let live: Vec<_> = live.iter().map(|(flow, revision)| (*flow, *revision)).collect();
        (live.len() <= LIVE_MAX).then_some(CourseMark {
            flow: *flow,
            revision: *revision,
            live,
            is_overflow: course.is_overflow,
            place,
        })
    }

    /// A caller whom an earlier daemon left waiting waits on, where they were: in their flow as far as it can be read,
    /// otherwise by the rules of the queue alone.
    pub(crate) fn wait_where_marked(
        &mut self,
        id: CallId,
        place: QueuePlace,
        since: Timestamp,
        mark: Option<&CourseMark>,
    ) {
        self.resume_at(id, place.queue, place.priority, since);
        if !mark.is_some_and(|mark| self.take_up_course(id, mark)) {
            self.wait_again(id, place.queue, place.priority, since);
        }
    }

    /// A caller waits on in a queue by its own rules, where they were.
    pub(crate) fn wait_again(&mut self, id: CallId, queue: QueueId, priority: u16, since: Timestamp) {
        let language = self.callers.get(&id).and_then(|caller| caller.facts(0).locale);
        let way = Overflow::Queue { queue };
        let Some(edition) = self.shelf.open_overflow(way, language.as_deref()) else { return };
        self.resume_at(id, queue, priority, since);
        self.begin_flow(id, edition, true);
    }

    /// The next queue that takes a caller has them where they were in this one.
    fn resume_at(&mut self, id: CallId, queue: QueueId, priority: u16, since: Timestamp) {
        let own = self.queues.get(&queue).map_or(0, |run| u16::from(run.settings.priority));
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.resumes = Some((priority.saturating_sub(own), since));
        }
    }

    /// Takes up a caller's way where an earlier daemon left it. Says whether that could be done.
    fn take_up_course(&mut self, id: CallId, mark: &CourseMark) -> bool {
        let wall = self.cx.wall;
        let live: BTreeMap<_, _> = mark.live.iter().copied().collect();
        let origin = Origin { flow: mark.flow, revision: mark.revision, live };
        let Some(edition) = self.shelf.reopen(origin) else { return false };
        let facts = self.callers.get(&id).map(|caller| caller.facts(0));
        let around = self.shelf.around(edition);
        let run = facts.zip(around).and_then(|(facts, around)| Run::reopen(around, facts, &mark.place, wall));
        let Some(run) = run else {
            self.shelf.close(edition);
            return false;
        };
        if let Some(caller) = self.callers.get_mut(&id).filter(|_| !mark.is_overflow) {
            caller.flow = Some((mark.flow, mark.revision));
        }
        self.take_course(id, Course { edition, run, is_overflow: mark.is_overflow });
        self.tell_flow(id, Event::Resumed);
        true
    }
}
