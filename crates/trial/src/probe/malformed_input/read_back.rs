//! Reads back what an accepted malformed request has left: a service that stores what it cannot show has failed when it stored it, and
//! everybody who reads it meets the failure.

use super::alarm::{Alarm, Alarms};
use super::challenge::{Challenge, Class, Form};
use super::verdict::{Logged, Seen, Variant, judge};
use super::{Bench, send};
use crate::arena::Stop;
use crate::http::Exchange;
use crate::schema::{Call, Control, Operation, Purpose, Said, Style};

/// Operations that are asked after one challenge, at most.
const READERS: usize = 6;

/// Readings that failed, after which what one operation stores is read no more: each costs fresh copies.
const FAILURES: usize = 2;

/// What is done and read on a fresh copy.
struct Trial<'a> {
    operation: &'a Operation,
    challenge: &'a Challenge,
    reader: &'a Operation,
}

/// What came of it there.
struct Outcome {
    seen: Seen,
    logged: Logged,
    alarm: (crate::http::Request, Vec<Said>),
}

impl Bench<'_> {
    /// Reads what a challenge that was answered with `answer` may have changed, and raises what fails by it, and not by a valid request.
    pub(super) fn read_back(
        &mut self,
        index: usize,
        operation: &Operation,
        challenge: &Challenge,
        answer: &Exchange,
        alarms: &mut Alarms,
    ) -> Result<(), Stop> {
        let Form::Call(call) = &challenge.form else { return Ok(()) };
        if !stores(operation, challenge, answer)
            || self.read_back.get(&index).is_some_and(|failed| *failed >= FAILURES)
        {
            return Ok(());
        }
        let readers: Vec<Operation> =
            self.readers.iter().filter(|reader| reads(reader, operation, answer)).cloned().collect();
        for reader in readers.into_iter().take(READERS) {
            let mark = self.running.printed_bytes();
            if self.read(operation, call, answer, &reader, mark).is_none() {
                continue;
            }
            *self.read_back.entry(index).or_default() += 1;
            let trial = Trial { operation, challenge, reader: &reader };
            let before = self.restarts;
            if let Some(outcome) = self.on_a_fresh_copy(&trial)? {
                let Outcome { seen, logged, alarm: (request, said) } = outcome;
                let (operation, challenge) = (operation.clone(), challenge.clone());
                let reader = Some(reader);
                alarms.add(Alarm { index, operation, challenge, seen, logged, request, said, reader });
            }
            self.renew()?;
            self.copies_for_reading += self.restarts - before;
            return Ok(());
        }
        Ok(())
    }

    /// Whether such an alarm of another copy shows on this one; a fresh one follows it.
    pub(super) fn shows_by(&mut self, alarm: &Alarm, reader: &Operation) -> Result<Option<Logged>, Stop> {
        let trial = Trial { operation: &alarm.operation, challenge: &alarm.challenge, reader };
        let outcome = self.on_a_fresh_copy(&trial)?;
        self.renew()?;
        Ok(outcome.filter(|outcome| outcome.seen.variant == alarm.seen.variant).map(|outcome| outcome.logged))
    }

    /// A valid request, which has to be readable; then the challenge, and what reading says then.
    fn on_a_fresh_copy(&mut self, trial: &Trial<'_>) -> Result<Option<Outcome>, Stop> {
        self.renew()?;
        let Trial { operation, challenge, reader } = *trial;
        let Some(control) = self.control(operation)?.filter(Control::succeeded) else { return Ok(None) };
        let mark = self.quiet();
        if self.read(operation, &control.call, &control.answer, reader, mark).is_some() {
            return Ok(None);
        }
        let form = super::with_path(&challenge.form, &control.call.path);
        let Form::Call(call) = &form else { return Ok(None) };
        let request = self.visitor.request(call);
        let Ok(answer) = send(self.visitor.client(), &self.visitor, &form) else { return Ok(None) };
        if !answer.is_success() {
            return Ok(None);
        }
        let mark = self.quiet();
        let Some((seen, logged, read)) = self.read(operation, call, &answer, reader, mark) else {
            return Ok(None);
        };
        let how = format!("is accepted ({}), and {reader} then {}", answer.status, seen.how);
        let mut said = self.visitor.said.clone();
        said.push(Said { request, answer, identity: false, needed: true });
        Ok(Some(Outcome { seen: Seen { how, ..seen }, logged, alarm: (self.visitor.request(&read), said) }))
    }

    /// Asks a reader for what a call has changed. What fails, its cause, and the call.
    fn read(
        &mut self,
        operation: &Operation,
        writing: &Call,
        answer: &Exchange,
        reader: &Operation,
        mark: u64,
    ) -> Option<(Seen, Logged, Call)> {
        let mut known = self.visitor.known.clone();
        if let Some(json) = answer.json() {
            known.learn(&operation.route(), &json);
        }
        let mut call = Call::valid(reader, &mut self.visitor.fresh, &known, Style::Required);
        for (name, value) in &mut call.path {
            if let Some((_, written)) = writing.path.iter().find(|(own, _)| own == name)
                && same_place(name, reader, operation)
            {
                value.clone_from(written);
            }
        }
        let came = send(self.visitor.client(), &self.visitor, &Form::Call(call.clone()));
        if came.is_err() && self.died() {
            let exit = self.running.exit().map(|exit| format!(" ({exit})")).unwrap_or_default();
            let how = format!("ends the process{exit}");
            let logged = self.trace_since(mark, None);
            return Some((Seen { variant: Variant::Died, how, telltale: None }, logged, call));
        }
        let fails = |seen: &Seen| seen.variant == Variant::ServerError;
        let seen = judge(&came, true, false, self.running.root()).into_iter().find(fails)?;
        let logged = self.trace_since(mark, came.as_ref().ok());
        Some((seen, logged, call))
    }
}

/// Whether a challenge may have left something that can be read.
fn stores(operation: &Operation, challenge: &Challenge, answer: &Exchange) -> bool {
    let ends = matches!(
        operation.purpose,
        Purpose::Login | Purpose::Logout | Purpose::Reset | Purpose::Delete | Purpose::Search
    );
    let in_body = !matches!(
        challenge.class,
        Class::Query | Class::PathValue | Class::Header | Class::Method | Class::MediaType | Class::Wire
    );
    answer.is_success() && !operation.is_safe() && !ends && in_body
}

/// Whether an operation shows what another has written: the same thing by its path, one whose key the answer gave, or a list.
fn reads(reader: &Operation, writer: &Operation, answer: &Exchange) -> bool {
    let names = reader.path_names();
    let json = answer.json();
    let lists = matches!(reader.purpose, Purpose::List | Purpose::Search);
    let is_told = |name: &str| json.as_ref().is_some_and(|json| json.get(name).is_some());
    let made =
        |name: &str| before(reader, name).trim_end_matches('/') == writer.route().trim_end_matches('/');
    let own = |name: &&str| {
        let in_path = writer.path_names().contains(name) && same_place(name, reader, writer);
        in_path || (made(name) && json.is_some()) || (*name != "id" && is_told(name))
    };
    if names.is_empty() { lists } else { names.iter().all(own) }
}

/// Whether a name in two paths means one thing: `id` means that only behind the same path.
fn same_place(name: &str, one: &Operation, other: &Operation) -> bool {
    name != "id" || before(one, name) == before(other, name)
}

/// The route before a name in it.
fn before(operation: &Operation, name: &str) -> String {
    operation.route().split(&format!("{{{name}}}")).next().unwrap_or_default().to_owned()
}
