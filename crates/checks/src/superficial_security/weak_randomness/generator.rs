//! Generators whose values can be worked out, and those whose values cannot.

use crate::facts::nodes::Around;
use crate::facts::source::SourceFile;
use crate::facts::syntax::{Call, CallStyle, Expr, ExprKind};
use crate::facts::values::{FileValues, called_name};
use crate::facts::words::words;
use crate::language::Language;

/// Something weak that a value is made with.
pub(super) struct Generator {
    /// As it is written.
    pub(super) name: String,
    /// Which of the check's ways.
    pub(super) variant: &'static str,
    /// What somebody can do.
    pub(super) harm: &'static str,
}

const FORESEEN: &str = "whoever has seen a few of its values knows all that follow";
const TRIED: &str = "whoever knows about when it was made tries the few values that it can have";
const READ: &str = "it is the time and the machine's address, and the next one is close by";
const SEEDED: &str = "its seed is known, so that all its values are";

/// Python's functions of `random` and numpy's, which share one Mersenne Twister or PCG.
const PYTHON: &[&str] = &[
    "random",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "getrandbits",
    "randbytes",
    "uniform",
    "shuffle",
    "normalvariate",
    "gauss",
    "triangular",
    "betavariate",
    "expovariate",
    "lognormvariate",
    "rand",
    "randn",
    "bytes",
    "integers",
    "random_sample",
];

/// Methods of Rust's generators that give a value.
const RUST: &[&str] = &[
    "gen",
    "random",
    "gen_range",
    "random_range",
    "sample",
    "fill",
    "fill_bytes",
    "next_u32",
    "next_u64",
    "sample_iter",
    "choose",
    "gen_ascii_chars",
    "random_iter",
];

/// Other functions that are looked at, of any language.
const OTHERS: &[&str] = &[
    "uuid1",
    "time",
    "time_ns",
    "now",
    "utcnow",
    "Date",
    "v1",
    "uuidv1",
    "uuidV1",
    "sampleSize",
    "uniqid",
    "generate",
    "nanoid",
    "now_v1",
    "new_v1",
    "randomString",
    "randomatic",
    "shortid",
];

/// What a call makes that can be worked out.
pub(super) fn generator<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    expr: &'a Expr,
    around: Around<'a, '_>,
) -> Option<Generator> {
    let call = expr.call()?;
    // Most calls are of something else; what a name stands for is asked only then.
    let name = called_name(&call.callee)?;
    if ![PYTHON, RUST, OTHERS].iter().any(|list| list.contains(&name))
        && !call.callee.dotted().is_some_and(|path| path.starts_with("fastrand"))
    {
        return None;
    }
    match file.language {
        Language::Python => python(file, values, call, around),
        Language::Rust => rust(file, values, call, around),
        _ => script(file, call),
    }
}

fn weak(name: &str, variant: &'static str, harm: &'static str) -> Option<Generator> {
    Some(Generator { name: name.to_owned(), variant, harm })
}

fn python<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
) -> Option<Generator> {
    let path = file.resolve(&call.callee);
    if let Some(path) = path.as_deref() {
        match path {
            "uuid.uuid1" => return weak("uuid.uuid1", "uuid1", READ),
            "time.time" | "time.time_ns" | "datetime.datetime.now" | "datetime.datetime.utcnow" => {
                return weak(path, "clock", TRIED);
            }
            _ => {}
        }
        if let Some((of, function)) = path.rsplit_once('.')
            && matches!(of, "random" | "numpy.random")
            && PYTHON.contains(&function)
        {
            return weak(path, "generator", FORESEEN);
        }
    }
    // A method of `random.Random(..)`, of numpy's generators.
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    if !PYTHON.contains(&name.as_str()) {
        return None;
    }
    let made = values.origins(object, around).into_iter().filter_map(Expr::call);
    let mut kinds = made.filter_map(|made| file.resolve(&made.callee));
    let kind = kinds.find(|kind| {
        matches!(kind.as_str(), "random.Random" | "numpy.random.default_rng" | "numpy.random.RandomState")
    })?;
    weak(&format!("{kind}().{name}"), "generator", FORESEEN)
}

fn script(file: &SourceFile, call: &Call) -> Option<Generator> {
    let path = file.resolve(&call.callee).or_else(|| call.callee.dotted())?;
    match path.as_str() {
        "Math.random" => weak("Math.random", "generator", FORESEEN),
        "Date.now" => weak("Date.now", "clock", TRIED),
        "Date" if call.style == CallStyle::New && call.arguments.is_empty() => {
            weak("new Date", "clock", TRIED)
        }
        "uuid.v1" | "uuid/v1" => weak("uuid.v1", "uuid1", READ),
        "lodash.random"
        | "lodash.sample"
        | "lodash.sampleSize"
        | "_.random"
        | "uniqid"
        | "shortid.generate"
        | "nanoid/non-secure.nanoid"
        | "random-string"
        | "randomatic" => weak(&path, "generator", FORESEEN),
        _ => None,
    }
}

fn rust<'a>(
    file: &SourceFile,
    values: &mut FileValues<'a>,
    call: &'a Call,
    around: Around<'a, '_>,
) -> Option<Generator> {
    let path = file.resolve(&call.callee).unwrap_or_default();
    if let Some((of, function)) = path.rsplit_once('.') {
        match (of.rsplit('.').next().unwrap_or(of), function) {
            ("fastrand", "seed") => return None,
            ("fastrand", _) => return weak(&path, "generator", FORESEEN),
            ("Uuid", "now_v1" | "new_v1") => return weak("Uuid::now_v1", "uuid1", READ),
            _ => {}
        }
    }
    let ExprKind::Member { object, name, .. } = &call.callee.kind else { return None };
    if !RUST.contains(&name.as_str()) {
        return None;
    }
    let made = values.origins(object, around).into_iter().filter_map(Expr::call).find_map(|made| {
        let path = file.resolve(&made.callee).or_else(|| made.callee.dotted())?;
        if path.ends_with("seed_from_u64") {
            return Some(("seed_from_u64", SEEDED));
        }
        let weak = ["SmallRng", "XorShiftRng", "Pcg32", "Pcg64", "Rand32", "Rand64", "Xoshiro256PlusPlus"];
        weak.iter().find(|weak| path.split('.').any(|part| part == **weak)).map(|weak| (*weak, FORESEEN))
    })?;
    weak(made.0, "generator", made.1)
}

/// Whether an expression brings something that nobody can foresee: a generator for secrets, a key, a counter of none of those.
pub(super) fn is_strong(file: &SourceFile, expr: &Expr) -> bool {
    const STRONG: &[&str] = &[
        "uuid4",
        "v4",
        "uuidv4",
        "urandom",
        "token_hex",
        "token_bytes",
        "token_urlsafe",
        "randbits",
        "randombytes",
        "randomuuid",
        "getrandomvalues",
        "randomfillsync",
        "nanoid",
        "randbelow",
        "getrandom",
        "systemrandom",
        "randomint",
        "randombytessync",
        "hmac",
        "createhmac",
        "generate_key",
        "gensalt",
        "new_v4",
        "thread_rng",
        "osrng",
    ];
    match &expr.kind {
        ExprKind::Call(call) => {
            let name = called_name(&call.callee).unwrap_or_default().to_lowercase();
            let path = file.resolve(&call.callee).unwrap_or_default();
            STRONG.contains(&name.as_str()) || path.starts_with("secrets.") || path.starts_with("hmac.")
        }
        // What is hashed with a secret cannot be tried.
        ExprKind::Name(name) | ExprKind::Member { name, .. } => {
            let words = words(name);
            let last = words.last().map_or("", String::as_str);
            matches!(last, "secret" | "pepper") || words.iter().any(|word| word == "secret") && last == "key"
        }
        _ => false,
    }
}
