//! The tasks that a job will create, read from the request bodies that it will send.
//!
//! A task at a time is read, so memory does not grow with the tasks. Nothing of a body is kept but
//! its model and what it costs; no text of it reaches an error, but its model and the name of an
//! array that it wraps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::decode::{kind, string, utf8, whole, Fields, Round};
use crate::files;
use crate::price::{times, Prices};
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

/// As far into a wrapper is looked for tasks.
const MAX_STEPS: u8 = 6;

/// The longest duration of a task, in seconds.
const MAX_SECONDS: i128 = 1_000_000;

/// The tasks of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many there are: a generation each.
    pub tasks: u64,
    /// Their models, in the order in which they first come.
    pub models: Vec<OfModel>,
    /// What they come to, by the place of the model among those, and by the rule of the price.
    pub sums: BTreeMap<(usize, Option<Arc<str>>), Sum>,
    /// Those behind the first ones, in their order.
    pub rest: Vec<Task>,
    /// The places of the models, by name.
    places: BTreeMap<String, usize>,
}

/// The tasks of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfModel {
    /// The model.
    pub model: Model,
    /// How many are among the first ones, which decide the verdict.
    pub first: u64,
    /// What those cost together.
    pub cost: Credits,
    /// How many come behind them.
    pub rest: u64,
}

/// One task behind the first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its cost in credits.
    pub cost: u64,
    /// Its model's place among those of the plan.
    pub model: usize,
}

/// The tasks of one model that have one price, or all of them where no prices are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The model.
    pub model: Model,
    /// The rule of the price; without one, only the tasks are counted.
    pub rule: Option<Arc<str>>,
    /// How many tasks there are.
    pub tasks: u64,
    /// How many outputs they have.
    pub outputs: i128,
    /// How long their outputs are together, in thousandths of a second; 0 unless the price is that
    /// of a second.
    pub milliseconds: i128,
    /// What they cost together.
    pub cost: Credits,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.tasks = self.tasks.saturating_add(other.tasks);
        self.outputs = self.outputs.saturating_add(other.outputs);
        self.milliseconds = self.milliseconds.saturating_add(other.milliseconds);
        self.cost = self.cost.plus(other.cost);
    }
}

impl Plan {
    /// Reads JSON objects one after another, or an array of them. If there are `prices`, every task
    /// needs one; the `first` tasks decide the verdict, or all of them.
    ///
    /// # Errors
    ///
    /// Where anything is no task, or cannot be priced as the prices say: the line, the number of the
    /// task, both counted from 1, its model if it is known, and the problem. Nothing is guessed.
    pub fn read(
        source: impl Read,
        prices: Option<&Prices>,
        first: Option<u64>,
    ) -> Result<Self, String> {
        const BUFFER: usize = 65_536;
        let mut tasks = Tasks {
            source: BufReader::with_capacity(BUFFER, utf8(source).map_err(not_read)?),
            line: 1,
            count: 0,
            joint: b"[",
            task: Vec::new(),
        };
        let mut plan = Self::default();
        while tasks.next()? {
            let error = |problem: String| tasks.error("", &problem);
            let (body, name) = body_and_model(&tasks.task).map_err(error)?;
            let place = plan.place(&name).map_err(error)?;
            let added = plan.add(place, &body, prices, first);
            added.map_err(|problem| tasks.error(&format!(" ({name})"), &problem))?;
        }
        Ok(plan)
    }

    /// The place of a model among those of the plan.
    fn place(&mut self, name: &str) -> Result<usize, String> {
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        let place = self.models.len();
        if !Model::is_name(name) || name.len() > MAX_NAME {
            return Err(NO_NAME.to_owned());
        }
        if place >= MAX_MODELS {
            return Err(format!("there are more than {MAX_MODELS} models"));
        }
        self.places.insert(name.to_owned(), place);
        self.models.push(OfModel {
            model: Model::new(name),
            first: 0,
            cost: Credits(0),
            rest: 0,
        });
        Ok(place)
    }

    fn add(
        &mut self,
        place: usize,
        body: &Fields,
        prices: Option<&Prices>,
        first: Option<u64>,
    ) -> Result<(), String> {
        let Some(of_model) = self.models.get_mut(place) else {
            return Ok(());
        };
        let task = charge(prices, &of_model.model, body)?;
        self.tasks = self.tasks.saturating_add(1);
        if first.is_none_or(|first| self.tasks <= first) {
            of_model.first = of_model.first.saturating_add(1);
            of_model.cost = of_model.cost.plus(task.cost);
        } else {
            of_model.rest = of_model.rest.saturating_add(1);
            self.rest.push(Task {
                cost: u64::try_from(task.cost.0).unwrap_or(u64::MAX),
                model: place,
            });
        }
        let sum = self.sums.entry((place, task.rule.clone()));
        sum.and_modify(|sum| sum.add(&task)).or_insert(task);
        Ok(())
    }
}

/// What one task comes to: nothing but itself if no prices are given.
fn charge(prices: Option<&Prices>, model: &Model, body: &Fields) -> Result<Sum, String> {
    let mut task = Sum {
        model: model.clone(),
        rule: None,
        tasks: 1,
        outputs: 0,
        milliseconds: 0,
        cost: Credits(0),
    };
    // Whatever the price: which of the two Runway would take is not known.
    let duration = body.once("duration")?;
    let Some(prices) = prices else {
        return Ok(task);
    };
    let outputs = body.once("outputCount")?.map_or(Some(1), count_of).ok_or(
        "\"outputCount\" must be a whole number of at least 1, since it multiplies the cost",
    )?;
    let rules = prices.of(model.as_str());
    let mut fitting = Vec::new();
    for rule in rules {
        let mut fits = true;
        for (field, wanted) in &rule.conditions {
            let value = body.once(field)?;
            fits &= value.and_then(text_of).is_some_and(|text| text == *wanted);
        }
        if fits {
            fitting.push(rule);
        }
    }
    let most = fitting.iter().map(|rule| rule.conditions.len()).max();
    fitting.retain(|rule| Some(rule.conditions.len()) == most);
    let rule = match fitting[..] {
        [_, _, ..] => return Err("two of its model's prices fit it equally well: add a condition to one of them".to_owned()),
        [rule] => rule,
        [] if rules.is_empty() => return Err("its model has no --price: once a price is given, every task needs one (0 if it is free)".to_owned()),
        [] => return Err("no --price of its model fits: add one without conditions, for whatever the others leave".to_owned()),
    };
    let (seconds, length) = if rule.by_second {
        let seconds = duration.and_then(seconds_of).ok_or(
            "the price is per second, but duration is not a number above 0 and up to 1000000: \
             give the seconds, or the price of a whole generation",
        )?;
        (seconds, u128::from(outputs).saturating_mul(1_000_000))
    } else {
        ("1", 0)
    };
    let figures = rule.cost(outputs, seconds).zip(times(seconds, length));
    let (cost, milliseconds) =
        figures.ok_or("its cost or its length is more than can be counted")?;
    task.cost = Credits(cost.into());
    (task.outputs, task.milliseconds) = (outputs.into(), milliseconds);
    task.rule = Some(rule.text.clone());
    Ok(task)
}

/// A JSON number, rounded to a whole one.
fn number(value: &RawValue, round: Round) -> Option<i128> {
    whole(value.get(), round).filter(|_| kind(value) == "a number")
}

/// A whole number of at least 1.
fn count_of(value: &RawValue) -> Option<u64> {
    let count = number(value, Round::Down).filter(|count| *count > 0);
    let exact = count.filter(|_| number(value, Round::Up) == count)?;
    u64::try_from(exact).ok()
}

/// The text of a JSON number of seconds that a task may have.
fn seconds_of(value: &RawValue) -> Option<&str> {
    let length = number(value, Round::Up)?;
    (1..=MAX_SECONDS).contains(&length).then_some(value.get())
}

/// Of a string its content; a number, `true` and `false` as they stand.
fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let plain = !value.get().starts_with(['"', '{', '[', 'n']);
    string(value).or(plain.then_some(Cow::Borrowed(value.get())))
}

/// The fields of a request body, and its model. The whole of it must be text, what is not read as
/// well.
fn body_and_model(task: &[u8]) -> Result<(Fields<'_>, Cow<'_, str>), String> {
    let body: Fields = serde_json::from_slice(task)
        .map_err(|_| "this is not JSON in UTF-8, or has more than 100,000 fields".to_owned())?;
    let model = body.once("model")?.filter(|model| model.get() != "null");
    let model = string(model.ok_or_else(|| without_model(&body, task))?).ok_or(NO_NAME)?;
    Ok((body, model))
}

/// What an object without a model is, and how its tasks get into a plan.
fn without_model(body: &Fields, task: &[u8]) -> String {
    let what = if let Some(way) = way_to_tasks(&String::from_utf8_lossy(task), MAX_STEPS) {
        let dot = if way.starts_with('[') { "." } else { "" };
        return format!(
            "this object has no model, but holds tasks: unwrap them with jq -c '{dot}{way}'"
        );
    } else if body.first("version").is_some() {
        "a recipe"
    } else if body.first("configId").is_some() {
        "a router"
    } else {
        return "this object has no model: each task must be a request body, without a wrapper"
            .to_owned();
    };
    format!("this is the body of {what}, which names no model: ask for it with --generations, by the name that Runway counts it under")
}

/// The way to the tasks in a value, as jq has it: by the one field that holds some, or by all if each
/// holds some in the same way.
fn way_to_tasks(json: &str, steps: u8) -> Option<String> {
    let steps = steps.checked_sub(1)?;
    if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        let mut items = items.iter();
        let way = items.find_map(|item| way_to_tasks(item.get(), steps))?;
        return Some(format!("[]{way}"));
    }
    let body: Fields = serde_json::from_str(json).ok()?;
    if body.first("model").and_then(string).is_some() {
        return Some(String::new());
    }
    let Fields(fields) = &body;
    let way = |value: &RawValue| way_to_tasks(value.get(), steps);
    let named = fields.iter();
    let ways = named.filter_map(|(name, value)| Some((name, way(value)?)));
    let ways: Vec<_> = ways.collect();
    let is_alike = |way: &String| ways.iter().all(|(_, other)| other == way);
    match &ways[..] {
        [(name, way)] => Some(field_in_jq(name)? + way),
        [(_, way), ..] if ways.len() == fields.len() && is_alike(way) => Some(format!("[]{way}")),
        _ => None,
    }
}

/// A name that holds nothing that must not be shown.
fn field_in_jq(name: &str) -> Option<String> {
    let bare = name.replace([' ', '-'], "_");
    let word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let shown = name.len() <= 40 && bare.chars().all(word) && Model::is_name(&bare);
    let plain = name == bare && !name.starts_with(|first: char| first.is_ascii_digit());
    let step = format!("[\"{name}\"]");
    shown.then(|| if plain { format!(".{name}") } else { step })
}

/// Finds where one object ends and the next begins.
struct Tasks<R> {
    source: BufReader<R>,
    /// The line where the task begins.
    line: u64,
    /// The number of the task.
    count: u64,
    /// What may stand before the next task: what opens an array before the first one, then a comma
    /// in an array, and nothing without one.
    joint: &'static [u8],
    /// The text of the task.
    task: Vec<u8>,
}

impl<R: Read> Tasks<R> {
    /// Reads the next task; `false` at the end.
    fn next(&mut self) -> Result<bool, String> {
        self.line = self.line.saturating_add(lines(&self.task));
        self.count = self.count.saturating_add(1);
        self.task.clear();
        self.read_to(b'{')?;
        let between = self.task.trim_ascii_start();
        let behind = between.strip_prefix(self.joint);
        let rest = behind.unwrap_or(between).trim_ascii_start();
        let passed = self.task.strip_suffix(rest).unwrap_or_default();
        self.line = self.line.saturating_add(lines(passed));
        let problem = match (self.joint, behind.is_some(), rest.trim_ascii_end()) {
            (b"[", in_array, b"{") => {
                self.joint = if in_array { b"," } else { b"" };
                return self.object();
            }
            (b",", true, b"{") | (b"", _, b"{") => return self.object(),
            (b"[", true, b"]") | (b"[", false, b"") => return Ok(false),
            (b",", false, b"]") | (b"", _, b"") => return Ok(false),
            (_, _, b"") => "the array is cut off",
            (b",", true, [b']', ..]) | (b"", _, [b',', ..]) => {
                "there is a comma too many: commas belong only between the tasks of an array"
            }
            _ => "a task must be a JSON object, such as {\"model\":\"gen4.5\"}",
        };
        Err(self.error("", problem))
    }

    /// Reads the object that begins with the last byte, to its end.
    fn object(&mut self) -> Result<bool, String> {
        if self.count > MAX_TASKS {
            return Err(self.error("", &format!("there are more than {MAX_TASKS} tasks")));
        }
        self.task.clear();
        self.task.push(b'{');
        let (mut depth, mut in_string, mut escaped) = (1_u64, false, false);
        while depth > 0 {
            let scanned = self.task.len();
            self.read_to(b'}')?;
            let read = self.task.get(scanned..).unwrap_or_default();
            if !read.ends_with(b"}") {
                return Err(self.error("", "the task that begins here is cut off"));
            }
            for byte in read {
                match byte {
                    _ if in_string => {
                        in_string = escaped || *byte != b'"';
                        escaped = !escaped && *byte == b'\\';
                    }
                    b'"' => in_string = true,
                    b'{' | b'[' => depth = depth.saturating_add(1),
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        Ok(true)
    }

    fn read_to(&mut self, end: u8) -> Result<(), String> {
        let read = self.source.read_until(end, &mut self.task);
        read.map(|_| ()).map_err(not_read)
    }

    /// A problem with the task, and where it is; `model` is what else tells it.
    fn error(&self, model: &str, problem: &str) -> String {
        format!("line {}, task {}{model}: {problem}", self.line, self.count)
    }
}

fn lines(text: &[u8]) -> u64 {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(ends).unwrap_or(u64::MAX)
}

fn not_read(error: std::io::Error) -> String {
    format!("cannot be read: {}", files::why(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Rule;
    use proptest::prelude::*;

    fn rules(texts: &[&str]) -> Prices {
        let mut prices = Prices::default();
        for text in texts {
            assert!(prices.add(Rule::parse(text).expect(text)), "twice: {text}");
        }
        prices
    }

    fn prices() -> Prices {
        rules(&["second=12/s", "each=4.5"])
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
        let shown = |error: String| error.replace("line ", "").replace(", task ", ".");
        let prices = (!prices.is_empty()).then_some(prices);
        let whole = Plan::read(text.as_ref(), prices, None).map_err(shown);
        let slowly = Plan::read(Slowly(text.as_ref()), prices, None).map_err(shown);
        assert_eq!(slowly, whole);
        whole
    }

    fn first_sum(plan: &Plan) -> &Sum {
        plan.sums.values().next().expect("a sum")
    }

    /// Model, tasks, outputs, thousandths of a second and cost.
    type Counts<'a> = (&'a str, u64, Option<i128>, Option<i128>, Option<i128>);

    fn counts(plan: &Plan) -> Vec<Counts<'_>> {
        let priced = |sum: &Sum, figure: i128| sum.rule.as_ref().map(|_| figure);
        let sums = plan.sums.values().map(|it| {
            let time = Some(it.milliseconds).filter(|time| *time > 0);
            let cost = priced(it, it.cost.0);
            (
                it.model.as_str(),
                it.tasks,
                priced(it, it.outputs),
                time,
                cost,
            )
        });
        sums.collect()
    }

    #[test]
    fn tasks_are_objects_one_after_another_or_in_an_array() {
        let second = r#"{"model":"second","duration":5,"promptText":"a \"}\" ] {"}"#;
        let nested = r#"{"references":[{"model":"other","duration":-1}],"model":"each"}"#;
        let expected = [
            ("second", 2, Some(2), Some(10_000), Some(120)),
            ("each", 1, Some(1), None, Some(5)),
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
        }
        let plan = read(format!("{second}\n{nested}"), &Prices::default()).expect("a plan");
        assert_eq!(
            counts(&plan),
            [
                ("second", 1, None, None, None),
                ("each", 1, None, None, None)
            ]
        );
        for text in ["", "\n \n", "[]", " [ \n ] ", "\u{feff}"] {
            assert_eq!(
                read(text, &prices()).map(|plan| plan.tasks),
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
            let expected = [("second", 1, Some(1), Some(milliseconds), Some(cost))];
            assert_eq!(counts(&plan), expected, "{text}");
        }
        let plan = read(r#"{"model":"each","duration":"auto"}"#, &prices());
        assert_eq!(plan.map(|plan| plan.tasks), Ok(1), "no duration is needed");
    }

    #[test]
    fn what_is_no_task_is_refused_by_its_line_and_number() {
        let good = r#"{"model":"each"}"#;
        let long = "{\"model\":\n\n\"each\",\n\"a\":[\n1]}";
        let no_object = "a task must be a JSON object";
        // An underscore stands for a good task.
        for (text, place, problem) in [
            ("{", "1.1", "the task that begins here is cut off"),
            ("\n{\"model\":\"each\"\n\n", "2.1", "the task that begins here is cut off"),
            ("[", "1.1", "the array is cut off"),
            ("[_", "1.2", "the array is cut off"),
            ("[_,\n\n", "3.2", "the array is cut off"),
            ("[_,]", "1.2", "there is a comma too many"),
            ("[,_]", "1.1", no_object),
            ("[_\n_]", "2.2", no_object),
            ("_,\n_", "1.2", "there is a comma too many"),
            ("_\n_\n,", "3.3", "there is a comma too many"),
            ("[_,_,_,5]", "1.4", no_object),
            ("[_,,_]", "1.2", no_object),
            ("_\n]", "2.2", no_object),
            ("[_]\n_", "1.2", no_object),
            ("_\n[_]", "2.2", no_object),
            ("_\nsecret words", "2.2", no_object),
            ("\n\u{feff}_", "2.1", no_object),
            ("\"text\"", "1.1", no_object),
            ("null", "1.1", no_object),
            ("[[]]", "1.1", no_object),
            ("{model:\"each\"}", "1.1", "this is not JSON"),
            ("_\n{\"a\":1,}", "2.2", "this is not JSON"),
            ("{\"a\":]}", "1.1", "this is not JSON"),
            ("{\"model\":\"each\",\"a\":01}", "1.1", "this is not JSON"),
            ("{\"a\":\"\n\",\"model\":\"each\"}", "1.1", "this is not JSON"),
            // Behind tasks of several lines.
            ("~\n~ {}", "10.3", "this object has no model"),
            ("[~,\n~,\n\n5]", "12.3", no_object),
            ("{}", "1.1", "this object has no model: each task must be a request body"),
            ("{\"model\":null}", "1.1", "this object has no model"),
            ("{\"a\":{\"model\":\"secret\"}}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.a'"),
            ("{\"n\":1,\"jobs\":[{},_]}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.jobs[]'"),
            ("{\"requests\":[{\"id\":1,\"body\":_}]}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.requests[].body'"),
            ("{\"n\":1,\"a b\":[_]}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.[\"a b\"][]'"),
            ("{\"tasks\":{\"secret a\":_,\"secret b\":_}}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.tasks[]'"),
            ("{\"x\":[_],\"y\":[_]}", "1.1", "this object has no model, but holds tasks: unwrap them with jq -c '.[][]'"),
            ("{\"x\":[_],\"y\":[_],\"name\":\"secret\"}", "1.1", "this object has no model: each"),
            ("{\"x\":[_],\"y\":_}", "1.1", "this object has no model: each"),
            ("{\"tags\":[\"model\"],\"xs\":[{\"m\":1}]}", "1.1", "this object has no model: each"),
            ("{\"secret's words\":[_]}", "1.1", "this object has no model: each"),
            ("{\"version\":\"2026-06\",\"productImage\":\"secret\"}", "1.1", "this is the body of a recipe"),
            ("{\"configId\":\"secret\"}", "1.1", "this is the body of a router"),
            ("{\"version\":1,\"tasks\":[_]}", "1.1", "this object has no model, but holds tasks"),
            ("{\"model\":\"each\",\"model\":\"each\"}", "1.1", "\"model\" appears twice: keep one"),
            ("{\"model\":\"each\",\"m\\u006fdel\":1}", "1.1", "\"model\" appears twice: keep one"),
            ("{\"model\":\"each\",\"duration\":1,\"duration\":1}", "1.1 (each)", "\"duration\" appears twice: keep one"),
            ("{\"model\":5}", "1.1", "\"model\" must be a non-empty string"),
            ("{\"model\":{}}", "1.1", "\"model\" must be a non-empty string"),
            ("{\"model\":\"\"}", "1.1", "\"model\" must be a non-empty string"),
            ("{\"model\":\"a prompt\"}", "1.1", "\"model\" must be a non-empty string"),
            ("_{\"model\":\"other\"}", "1.2 (other)", "its model has no --price"),
            ("\u{0}{\u{0}", "1.1", no_object),
            ("_\n\u{0}_", "2.2", no_object),
        ] {
            let text = text.replace('_', good).replace('~', long);
            let found = read(&text, &prices()).expect_err(&text);
            let expected = format!("{place}: {problem}");
            assert!(found.starts_with(&expected), "{text:?}: {found}, not {expected}");
            assert!(!found.contains("secret"), "{found}");
        }
        for name in ["a prompt", "a\\nb", "key_1", "\\u0000", "\\ud800"] {
            let text = format!(r#"{{"model":"{name}"}}"#);
            let found = read(&text, &Prices::default()).expect_err(&text);
            assert_eq!(found, format!("1.1: {NO_NAME}"));
        }
        // Without a byte order mark, as an object and in an array.
        for utf16 in [&b"{\0}\0"[..], b"{\0\"\0a\0\"\0:\x001\0}\0\n\0", b"\0{\0}"] {
            assert!(read(utf16, &prices()).is_err(), "{utf16:?}");
        }
        let latin = read(b"\n{\"model\":\"\xe9\"}", &prices());
        assert_eq!(
            latin.map(|plan| plan.tasks),
            Err("2.1: this is not JSON in UTF-8, or has more than 100,000 fields".to_owned())
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
            assert!(
                found.starts_with("3.2 (second): the price is per second"),
                "{found}"
            );
        }
        let found = read(r#"{"model":"second"}"#, &prices());
        assert!(found.is_err_and(|found| found.contains("per second")));
    }

    #[test]
    fn the_first_tasks_are_counted_apart() {
        let text = r#"{"model":"each"}{"model":"second","duration":1}{"model":"each"}"#;
        let prices = prices();
        let first = |first| {
            let plan = Plan::read(text.as_bytes(), Some(&prices), first).expect(text);
            assert_eq!((plan.tasks, plan.sums.len()), (3, 2));
            let models = plan.models.iter().map(|it| (it.first, it.cost.0));
            let rest = plan.rest.iter().map(|it| (it.model, it.cost));
            (models.collect(), rest.collect())
        };
        type Case = (Option<u64>, Vec<(u64, i128)>, Vec<(usize, u64)>);
        let cases: [Case; 5] = [
            (None, vec![(2, 10), (1, 12)], vec![]),
            (Some(1), vec![(1, 5), (0, 0)], vec![(1, 12), (0, 5)]),
            (Some(2), vec![(1, 5), (1, 12)], vec![(0, 5)]),
            (Some(3), vec![(2, 10), (1, 12)], vec![]),
            (Some(u64::MAX), vec![(2, 10), (1, 12)], vec![]),
        ];
        for (count, models, rest) in cases {
            assert_eq!(first(count), (models, rest), "{count:?}");
        }
        assert_eq!(size_of::<Task>(), 16);
    }

    #[test]
    fn outputs_multiply_the_cost() {
        for (count, tasks) in [
            ("1", Some(1)),
            ("10", Some(10)),
            ("2.0", Some(2)),
            ("1e1", Some(10)),
            ("0.2e1", Some(2)),
            ("200e-2", Some(2)),
            ("1000000000000", Some(1_000_000_000_000)),
            ("0", None),
            ("-1", None),
            ("-0", None),
            ("1.5", None),
            ("0.5", None),
            ("1e-1", None),
            ("1e400", None),
            ("18446744073709551616", None),
            ("9999999999999999999999999999999999999999999", None),
            ("\"2\"", None),
            ("true", None),
            ("null", None),
            ("[2]", None),
            ("{}", None),
            ("1,\"outputCount\":1", None),
            ("1,\"output\\u0043ount\":2", None),
            (
                "1,\"nested\":{\"outputCount\":9},\"OutputCount\":9",
                Some(1),
            ),
        ] {
            let text = format!("{{\"model\":\"each\",\"output\\u0043ount\":{count}}}");
            let plan = read(&text, &prices());
            let cost = tasks.map(|tasks: i128| (tasks, (tasks * 9 + 1) / 2));
            let found = plan.as_ref().ok();
            let found = found.map(|plan| (first_sum(plan).outputs, first_sum(plan).cost.0));
            assert_eq!(found, cost, "{count}: {plan:?}");
            let named = |error: &String| error.contains("\"outputCount\"");
            assert!(plan.as_ref().err().is_none_or(named), "{plan:?}");
            // Without prices nobody looks at it.
            assert!(read(&text, &Prices::default()).is_ok(), "{count}");
        }
        let text = r#"{"model":"second","duration":2.5,"outputCount":3}"#;
        let plan = read(text, &rules(&["second=1.5/s"])).expect(text);
        assert_eq!(
            counts(&plan),
            [("second", 1, Some(3), Some(7_500), Some(12))]
        );
        let many = text.replace(":3", ":100000000000000000");
        let plan = read(many, &rules(&["second=0/s"])).expect("a cost of 0");
        assert_eq!(first_sum(&plan).milliseconds, 250_000_000_000_000_000_000);
        let dear = rules(&["second=18446744073709551615"]);
        let plan = read(text.replace(",\"outputCount\":3", "").repeat(2), &dear);
        let sum = first_sum(&plan.expect("a plan")).cost.0;
        assert_eq!(sum, 36_893_488_147_419_103_230);
        let found = read(text, &dear).expect_err(text);
        assert!(
            found.contains("its cost or its length is more than"),
            "{found}"
        );
    }

    #[test]
    fn the_most_specific_price_counts() {
        let prices = rules(&[
            "m=90",
            "m audio=false 20",
            "m resolution=4k 150",
            "m audio=false resolution=4k 70",
            "m n=5 1/s",
            "other a=1 b=2 3",
        ]);
        #[rustfmt::skip]
        let cases = [
            ("", Ok("m=90")),
            (r#""audio":true"#, Ok("m=90")),
            (r#""audio":false"#, Ok("m audio=false 20")),
            (r#""audio":"false""#, Ok("m audio=false 20")),
            (r#""\u0061udio":"\u0066alse""#, Ok("m audio=false 20")),
            (r#""audio":null"#, Ok("m=90")),
            (r#""audio":[false]"#, Ok("m=90")),
            (r#""nested":{"audio":false}"#, Ok("m=90")),
            (r#""Audio":false"#, Ok("m=90")),
            (r#""audio":"false ""#, Ok("m=90")),
            (r#""resolution":"4k","audio":true"#, Ok("m resolution=4k 150")),
            (r#""resolution":"4k","audio":false"#, Ok("m audio=false resolution=4k 70")),
            (r#""n":5,"duration":3"#, Ok("m n=5 1/s")),
            (r#""n":5.0"#, Ok("m=90")),
            (r#""n":5"#, Err("the price is per second")),
            (r#""n":5,"audio":false"#, Err("two of its model's prices fit it equally well")),
            (r#""audio":true,"audio":false"#, Err("\"audio\" appears twice")),
            (r#""a":1,"a":2,"b":1,"b":3"#, Ok("m=90")),
        ];
        for (fields, rule) in cases {
            let text = format!(
                "{{{fields}{}\"model\":\"m\"}}",
                if fields.is_empty() { "" } else { "," }
            );
            let plan = read(&text, &prices);
            let found = plan.map(|plan| first_sum(&plan).rule.clone().expect("a rule"));
            match (found, rule) {
                (Ok(found), Ok(rule)) => assert_eq!(&*found, rule, "{text}"),
                (Err(found), Err(error)) => {
                    assert!(found.starts_with(&format!("1.1 (m): {error}")), "{found}");
                }
                (found, rule) => panic!("{text}: {found:?}, not {rule:?}"),
            }
        }
        let found = read(r#"{"model":"other","a":1}"#, &prices).expect_err("no price");
        assert!(
            found.starts_with("1.1 (other): no --price of its model fits"),
            "{found}"
        );
    }

    #[test]
    fn a_plan_has_its_bounds() {
        let tasks = |count: usize| r#"{"model":"each"}"#.repeat(count);
        let prices = prices();
        let read = |text: String| Plan::read(text.as_bytes(), Some(&prices), None);
        assert_eq!(MAX_BYTES, 67_108_864);
        for (length, taken) in [(200, true), (201, false)] {
            let text = format!(r#"{{"model":"{}"}}"#, "m".repeat(length));
            let plan = Plan::read(text.as_bytes(), None, None);
            assert_eq!(plan.is_ok(), taken, "{length}");
        }
        let many = read(tasks(1_000_001)).expect_err("too many");
        let place = "line 1, task 1000001: ";
        assert_eq!(many, format!("{place}there are more than 1000000 tasks"));
        let models: String = (0..1_001)
            .map(|n| format!("{{\"model\":\"m{n}\"}}\n"))
            .collect();
        let many = Plan::read(models.as_bytes(), None, None).expect_err("too many");
        assert!(many.starts_with("line 1001, task 1001: "), "{many}");
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
            prop_assert_eq!(plan.map(|plan| plan.tasks), Ok(expected));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            let _ = read(bytes, &prices());
        }
    }
}
