//! The tasks that a job will create, read from the request bodies that it will send.
//!
//! A task at a time is read, so memory does not grow with the tasks. Nothing of a body is kept but
//! its model and what it costs; no text of it reaches an error.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode::{utf8, whole, Round};
use crate::files;
use crate::price::{times, Prices, Rate};
use crate::quota::{Credits, Model};

/// The longest plan, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The most tasks of a plan.
const MAX_TASKS: u64 = 1_000_000;

/// The most models of a plan: each has a row of the report.
const MAX_MODELS: usize = 1_000;

/// The longest name of a model, in bytes.
const MAX_NAME: usize = 200;

const NO_NAME: &str = "\"model\" must be a non-empty string without spaces or control characters, \
                       of at most 200 bytes, and no key";

/// What Windows PowerShell writes.
const UTF_16: &str = "this is not UTF-8 (is it UTF-16?)";

/// The longest duration of a task, in seconds.
const MAX_SECONDS: i128 = 1_000_000;

/// The tasks of a job, by model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which the models first come.
    pub models: Vec<Tasks>,
    /// Whether prices are given, so that the tasks' cost is known.
    pub priced: bool,
}

/// The tasks of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// The model.
    pub model: Model,
    /// How many tasks there are: a generation each.
    pub count: u64,
    /// What they last together, in thousandths of a second; read only if it has a price.
    pub milliseconds: Option<i128>,
    /// What they cost together, if prices are given.
    pub cost: Option<Credits>,
}

/// Why a plan cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The line, counted from 1, where the task begins; none where it is about the whole file.
    pub line: Option<u64>,
    /// The problem, in our own words.
    pub problem: String,
}

impl Plan {
    /// Reads JSON objects one after another, or an array of them.
    ///
    /// # Errors
    ///
    /// Where anything is no task, or cannot be priced as the prices say. Nothing is guessed.
    pub fn read(source: impl Read, prices: &Prices) -> Result<Self, PlanError> {
        let mut tasks = TaskReader::new(utf8(source).map_err(not_read)?);
        let mut plan = Self {
            models: Vec::new(),
            priced: !prices.is_empty(),
        };
        let mut places = BTreeMap::new();
        let mut count: u64 = 0;
        while let Some(line) = tasks.next()? {
            let at_line = |problem: String| PlanError {
                line: Some(line),
                problem,
            };
            count = count.saturating_add(1);
            if count > MAX_TASKS {
                let problem = format!("there are more than {MAX_TASKS} tasks");
                return Err(at_line(problem));
            }
            plan.add(&tasks.task, prices, &mut places)
                .map_err(at_line)?;
        }
        Ok(plan)
    }

    /// How many tasks there are.
    pub fn count(&self) -> u64 {
        let counts = self.models.iter().map(|tasks| tasks.count);
        counts.fold(0, u64::saturating_add)
    }

    fn add(
        &mut self,
        task: &[u8],
        prices: &Prices,
        places: &mut BTreeMap<String, usize>,
    ) -> Result<(), String> {
        // The whole of it: what is not read must be text as well.
        let text = std::str::from_utf8(task).map_err(|_| match task.contains(&0) {
            true => UTF_16,
            false => "this is not UTF-8",
        })?;
        let body: Body = serde_json::from_slice(task).map_err(|error| {
            if error.is_data() {
                "\"model\" or \"duration\" appears twice: keep one"
            } else if text.contains('\0') {
                UTF_16
            } else {
                "this is not JSON"
            }
        })?;
        let name = body.model()?;
        let known = places.get(name.as_ref()).copied();
        if known.is_none() && (!Model::is_name(&name) || name.len() > MAX_NAME) {
            return Err(NO_NAME.to_owned());
        }
        let (cost, milliseconds) = body.cost(prices.get(&name), prices.is_empty())?;
        let place = known.unwrap_or(self.models.len());
        if known.is_none() {
            if place >= MAX_MODELS {
                return Err(format!("there are more than {MAX_MODELS} models"));
            }
            self.models.push(Tasks {
                model: Model::new(name.as_ref()),
                count: 0,
                milliseconds: None,
                cost: None,
            });
            places.insert(name.into_owned(), place);
        }
        let Some(tasks) = self.models.get_mut(place) else {
            return Ok(());
        };
        tasks.count = tasks.count.saturating_add(1);
        if let Some(milliseconds) = milliseconds {
            let sum = tasks.milliseconds.unwrap_or(0);
            tasks.milliseconds = Some(sum.saturating_add(milliseconds));
        }
        if let Some(cost) = cost {
            tasks.cost = Some(tasks.cost.unwrap_or_default().plus(cost));
        }
        Ok(())
    }
}

/// Of a request body, what a plan reads.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
}

impl<'a> Body<'a> {
    fn model(&self) -> Result<Cow<'a, str>, String> {
        let Some(model) = self.model else {
            return Err(
                "this object has no model: each task must be a request body, without a wrapper"
                    .to_owned(),
            );
        };
        let plain = model.get().strip_prefix('"');
        let plain = plain.and_then(|text| text.strip_suffix('"'));
        let name = match plain {
            None => return Err(NO_NAME.to_owned()),
            Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
            Some(_) => serde_json::from_slice(model.get().as_bytes())
                .map(Cow::Owned)
                .map_err(|_| NO_NAME.to_owned())?,
        };
        Ok(name)
    }

    /// The cost in credits and the duration in thousandths of a second, as far as they count.
    fn cost(
        &self,
        rate: Option<Rate>,
        unpriced: bool,
    ) -> Result<(Option<Credits>, Option<i128>), String> {
        let price = match rate {
            None if unpriced => return Ok((None, None)),
            None => return Err(
                "the model of this task has no --price: once one is given, each model needs one"
                    .to_owned(),
            ),
            Some(Rate::Generation(price)) => return Ok((Some(price.rounded_up().of(1)), None)),
            Some(Rate::Second(price)) => price,
        };
        let error = || {
            "the price is per second, but duration is not a number above 0 and up to 1000000: \
             give the seconds, or the price of a whole generation"
                .to_owned()
        };
        let seconds = self.duration.ok_or_else(error)?.get();
        let number = seconds
            .bytes()
            .all(|byte| b"0123456789.eE+-".contains(&byte));
        let length = whole(seconds, Round::Up).filter(|_| number);
        if !length.is_some_and(|length| (1..=MAX_SECONDS).contains(&length)) {
            return Err(error());
        }
        let cost = price.of_seconds(seconds).ok_or_else(error)?;
        Ok((Some(cost), times(seconds, 1_000_000)))
    }
}

/// Finds where one object ends and the next begins.
struct TaskReader<R> {
    source: BufReader<R>,
    /// The line of the next byte.
    line: u64,
    place: Place,
    /// The object that was found last.
    task: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first byte that says which form the file has.
    Start,
    /// Between objects that stand one after another.
    Objects,
    /// Behind `[`.
    ArrayStart,
    /// Behind a comma of the array.
    Comma,
    /// Behind an object of the array.
    Item,
    /// Behind `]`.
    End,
}

impl<R: Read> TaskReader<R> {
    fn new(source: R) -> Self {
        const BUFFER: usize = 65_536;
        Self {
            source: BufReader::with_capacity(BUFFER, source),
            line: 1,
            place: Place::Start,
            task: Vec::new(),
        }
    }

    /// Reads the next object into `task`; the line where it begins, or `None` at the end.
    fn next(&mut self) -> Result<Option<u64>, PlanError> {
        while let Some(byte) = self.peek()? {
            if byte == b'{' && !matches!(self.place, Place::Item | Place::End) {
                let line = self.line;
                self.object()?;
                self.place = match self.place {
                    Place::Start | Place::Objects => Place::Objects,
                    _ => Place::Item,
                };
                return Ok(Some(line));
            }
            self.place = match (byte, self.place) {
                (b' ' | b'\t' | b'\r' | b'\n', place) => place,
                (b'[', Place::Start) => Place::ArrayStart,
                (b',', Place::Item) => Place::Comma,
                (b']', Place::ArrayStart | Place::Item) => Place::End,
                (0, _) => return Err(self.error(UTF_16)),
                (b',', Place::Objects) => {
                    return Err(self.error(
                        "there is a comma between tasks: remove it, or put all of them into [ ]",
                    ));
                }
                (b']', Place::Comma) => {
                    return Err(self.error("there is a comma after the last task: remove it"));
                }
                _ => {
                    return Err(
                        self.error("a task must be a JSON object, such as {\"model\":\"gen4.5\"}")
                    )
                }
            };
            self.take(1, usize::from(byte == b'\n'));
        }
        match self.place {
            Place::Start | Place::Objects | Place::End => Ok(None),
            _ => Err(self.error("the array is cut off")),
        }
    }

    fn object(&mut self) -> Result<(), PlanError> {
        let begin = self.line;
        self.task.clear();
        let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
        loop {
            let buffer = self.source.fill_buf().map_err(not_read)?;
            if buffer.is_empty() {
                return Err(PlanError {
                    line: Some(begin),
                    problem: "the task that begins here is cut off".to_owned(),
                });
            }
            let mut lines: usize = 0;
            let mut end = None;
            for (index, byte) in buffer.iter().enumerate() {
                lines = lines.saturating_add(usize::from(*byte == b'\n'));
                if in_string {
                    in_string = escaped || *byte != b'"';
                    escaped = !escaped && *byte == b'\\';
                    continue;
                }
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth = depth.saturating_add(1),
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            end = Some(index.saturating_add(1));
                            break;
                        }
                    }
                    _ => {}
                }
            }
            let taken = end.unwrap_or(buffer.len());
            self.task
                .extend_from_slice(buffer.get(..taken).unwrap_or_default());
            self.take(taken, lines);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, PlanError> {
        let buffer = self.source.fill_buf().map_err(not_read)?;
        Ok(buffer.first().copied())
    }

    fn take(&mut self, bytes: usize, lines: usize) {
        self.source.consume(bytes);
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        self.line = self.line.saturating_add(lines);
    }

    fn error(&self, problem: &str) -> PlanError {
        PlanError {
            line: Some(self.line),
            problem: problem.to_owned(),
        }
    }
}

fn not_read(error: std::io::Error) -> PlanError {
    PlanError {
        line: None,
        problem: format!("cannot be read: {}", files::why(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Price;
    use proptest::prelude::*;

    fn prices() -> Prices {
        let price = |text| Price::parse(text).expect("a price");
        let mut prices = Prices::default();
        prices.add(Model::new("second"), Rate::Second(price("12")));
        prices.add(Model::new("each"), Rate::Generation(price("4.5")));
        prices
    }

    fn read(text: impl AsRef<[u8]>, prices: &Prices) -> Result<Plan, String> {
        // One byte at a time, so that every boundary of a buffer is met.
        struct Slowly<'a>(&'a [u8]);
        impl Read for Slowly<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let end = self.0.len().min(1);
                (&self.0[..end]).read(buffer)?;
                self.0 = &self.0[end..];
                Ok(end)
            }
        }
        let shown = |error: PlanError| {
            let line = error.line.map_or("-".to_owned(), |line| line.to_string());
            format!("{line}: {}", error.problem)
        };
        let whole = Plan::read(text.as_ref(), prices).map_err(shown);
        assert_eq!(
            Plan::read(Slowly(text.as_ref()), prices).map_err(shown),
            whole
        );
        whole
    }

    fn counts(plan: &Plan) -> Vec<(&str, u64, Option<i128>, Option<i128>)> {
        let models = plan.models.iter();
        models
            .map(|it| {
                let cost = it.cost.map(|cost| cost.0);
                (it.model.as_str(), it.count, it.milliseconds, cost)
            })
            .collect()
    }

    #[test]
    fn tasks_are_objects_one_after_another_or_in_an_array() {
        let second = r#"{"model":"second","duration":5,"promptText":"a \"}\" ] {"}"#;
        let nested = r#"{"references":[{"model":"other","duration":-1}],"model":"each"}"#;
        let expected = [
            ("second", 2, Some(10_000), Some(120)),
            ("each", 1, None, Some(5)),
        ];
        for text in [
            format!("{second}\n{nested}\n{second}\n"),
            format!("{second}\r\n{nested}\r\n\r\n{second}"),
            format!("\u{feff}{second}{nested} {second}"),
            format!("[{second},{nested},{second}]"),
            format!("\n[\n  {second},\n  {nested},\n  {second}\n]\n"),
            format!("{}\n{nested}\n{second}", second.replace(',', ",\n")),
        ] {
            let plan = read(&text, &prices()).expect(&text);
            assert_eq!(counts(&plan), expected, "{text}");
            assert!(plan.priced);
        }
        let plan = read(format!("{second}\n{nested}"), &Prices::default()).expect("a plan");
        assert_eq!(
            counts(&plan),
            [("second", 1, None, None), ("each", 1, None, None)]
        );
        for text in ["", "\n \n", "[]", " [ \n ] ", "\u{feff}"] {
            assert_eq!(
                read(text, &prices()).map(|plan| plan.count()),
                Ok(0),
                "{text:?}"
            );
        }
    }

    #[test]
    fn names_and_durations_are_read_as_json_has_them() {
        for (duration, milliseconds, cost) in [
            ("5", 5_000, 60),
            ("5.0", 5_000, 60),
            ("0.5e1", 5_000, 60),
            ("2.5", 2_500, 30),
            ("0.0001", 1, 1),
            ("1000000", 1_000_000_000, 12_000_000),
        ] {
            let text = format!(r#"{{"m\u006fdel": "\u0073econd", "duration": {duration}}}"#);
            let plan = read(&text, &prices()).expect(&text);
            let expected = [("second", 1, Some(milliseconds), Some(cost))];
            assert_eq!(counts(&plan), expected, "{text}");
        }
        let plan = read(r#"{"model":"each","duration":"auto"}"#, &prices());
        assert_eq!(
            plan.map(|plan| plan.count()),
            Ok(1),
            "no duration is needed"
        );
    }

    #[test]
    fn what_is_no_task_is_refused_by_its_line() {
        let good = r#"{"model":"each"}"#;
        for (text, error) in [
            ("{", "1: the task that begins here is cut off"),
            (
                "\n{\"model\":\"each\"\n\n",
                "2: the task that begins here is cut off",
            ),
            ("[", "1: the array is cut off"),
            (&format!("[{good}"), "1: the array is cut off"),
            (&format!("[{good},\n\n"), "3: the array is cut off"),
            (
                &format!("[{good},]"),
                "1: there is a comma after the last task: remove it",
            ),
            (&format!("[,{good}]"), "1: a task must be a JSON object"),
            (
                &format!("[{good}\n{good}]"),
                "2: a task must be a JSON object",
            ),
            (
                &format!("{good},\n{good}"),
                "1: there is a comma between tasks",
            ),
            (
                &format!("{good}\n{good}\n,"),
                "3: there is a comma between tasks",
            ),
            (
                &format!("[{good},,{good}]"),
                "1: a task must be a JSON object",
            ),
            (&format!("{good}\n]"), "2: a task must be a JSON object"),
            (
                &format!("[{good}]\n{good}"),
                "2: a task must be a JSON object",
            ),
            (
                &format!("{good}\n[{good}]"),
                "2: a task must be a JSON object",
            ),
            (
                &format!("{good}\nsecret words"),
                "2: a task must be a JSON object",
            ),
            (
                &format!("\n\u{feff}{good}"),
                "2: a task must be a JSON object",
            ),
            ("\"text\"", "1: a task must be a JSON object"),
            ("null", "1: a task must be a JSON object"),
            ("[[]]", "1: a task must be a JSON object"),
            ("{model:\"each\"}", "1: this is not JSON"),
            (&format!("{good}\n{{\"a\":1,}}"), "2: this is not JSON"),
            ("{\"a\":]}", "1: this is not JSON"),
            ("{\"model\":\"each\",\"a\":01}", "1: this is not JSON"),
            ("{\"a\":\"\n\",\"model\":\"each\"}", "1: this is not JSON"),
            ("{}", "1: this object has no model"),
            ("{\"model\":null}", "1: this object has no model"),
            (
                &format!("{{\"tasks\":[{good}]}}"),
                "1: this object has no model",
            ),
            (
                "{\"model\":\"each\",\"model\":\"each\"}",
                "1: \"model\" or \"duration\" appears twice: keep one",
            ),
            (
                "{\"model\":\"each\",\"duration\":1,\"duration\":1}",
                "1: \"model\" or \"duration\" appears twice: keep one",
            ),
            ("{\"model\":5}", "1: \"model\" must be a non-empty string"),
            (
                "{\"model\":\"\"}",
                "1: \"model\" must be a non-empty string",
            ),
            (
                "{\"model\":\"a prompt\"}",
                "1: \"model\" must be a non-empty string",
            ),
            (
                "{\"model\":\"other\"}",
                "1: the model of this task has no --price",
            ),
            ("\u{0}{\u{0}", "1: this is not UTF-8"),
            (
                &format!("{good}\n\u{0}{good}"),
                "2: this is not UTF-8 (is it UTF-16?)",
            ),
        ] {
            let found = read(text, &prices()).expect_err(text);
            assert!(found.starts_with(error), "{text:?}: {found}");
            assert!(!found.contains("secret"), "{found}");
        }
        for name in ["a prompt", "a\\nb", "key_1", "\\u0000", "\\ud800"] {
            let text = format!(r#"{{"model":"{name}"}}"#);
            let found = read(&text, &Prices::default()).expect_err(&text);
            assert_eq!(found, format!("1: {NO_NAME}"));
        }
        // Without a byte order mark, as an object and in an array.
        for utf16 in [
            &b"{\0}\0"[..],
            b"{\0\"\0a\0\"\0:\x001\0}\0\n\0",
            b"\0{\0}",
            b"[\0{\0}\0]\0",
            b"\0[\0{\0}\0]",
            b" \0{\0}\0",
        ] {
            let found = read(utf16, &prices()).expect_err("UTF-16");
            assert_eq!(found, "1: this is not UTF-8 (is it UTF-16?)", "{utf16:?}");
        }
        let latin = read(b"\n{\"model\":\"\xe9\"}", &prices());
        assert_eq!(
            latin.map(|plan| plan.count()),
            Err("2: this is not UTF-8".to_owned())
        );
        for duration in [
            "\"5\"",
            "null",
            "\"auto\"",
            "-5",
            "0",
            "0.0",
            "0e9",
            "-0",
            "1000000.001",
            "1e9",
            "1e999999999999",
            "true",
            "[5]",
            "{}",
        ] {
            let text = format!(
                r#"{good}{}{{"model":"second","duration":{duration}}}"#,
                "\n\n"
            );
            let found = read(&text, &prices()).expect_err(&text);
            assert!(found.starts_with("3: the price is per second"), "{found}");
        }
        let found = read(r#"{"model":"second"}"#, &prices());
        assert!(found.is_err_and(|found| found.contains("per second")));
    }

    #[test]
    fn a_plan_has_its_bounds() {
        let tasks = |count: usize| r#"{"model":"each"}"#.repeat(count);
        let read = |text: String| Plan::read(text.as_bytes(), &prices());
        assert_eq!(
            read(tasks(1_000_000)).map(|plan| plan.count()),
            Ok(1_000_000)
        );
        assert_eq!(MAX_BYTES, 67_108_864);
        for (length, taken) in [(200, true), (201, false)] {
            let text = format!(r#"{{"model":"{}"}}"#, "m".repeat(length));
            let plan = Plan::read(text.as_bytes(), &Prices::default());
            assert_eq!(plan.is_ok(), taken, "{length}");
        }
        let many = read(tasks(1_000_001)).expect_err("too many");
        assert_eq!(many.problem, "there are more than 1000000 tasks");
        let models: String = (0..1_001)
            .map(|n| format!("{{\"model\":\"m{n}\"}}\n"))
            .collect();
        let many = Plan::read(models.as_bytes(), &Prices::default()).expect_err("too many");
        assert_eq!(many.line, Some(1_001));
    }

    proptest! {
        /// Whatever a body holds beside its model: nothing of it is read, nothing shown.
        #[test]
        fn any_text_in_a_body_is_passed_over(prompt in any::<String>(), count in 1_usize..4) {
            let body = serde_json::json!({
                "promptText": prompt,
                "nested": { "model": prompt, "duration": prompt },
                "model": "each",
            });
            let plan = read(format!("{body}\n").repeat(count), &prices());
            let expected = u64::try_from(count).expect("a count");
            prop_assert_eq!(plan.map(|plan| plan.count()), Ok(expected));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            let _ = read(bytes, &prices());
        }
    }
}
