//! Whole commands, timed from outside, with the operating system's own account of their memory.

use crate::process::{output, tool};

/// What a command cost: medians over its runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// Seconds by the clock on the wall.
    pub wall_s: f64,
    /// Seconds of processor time, user and system, children included.
    pub cpu_s: f64,
    /// The largest process, in bytes.
    pub peak_bytes: u64,
}

/// Starts a command, waits, and prints wall seconds, processor seconds and the peak of the largest process in KiB
/// (getrusage(2), RUSAGE_CHILDREN). Python, since it is there wherever the tests run and std has no rusage.
const TIMER: &str = "import resource,subprocess,sys,time
t=time.perf_counter();subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
w=time.perf_counter()-t;u=resource.getrusage(resource.RUSAGE_CHILDREN)
print(w,u.ru_utime+u.ru_stime,u.ru_maxrss)";

/// The median of `runs` runs, after one that warms the caches. `before` is run before each.
pub(super) fn measure(words: &[String], runs: usize, before: &dyn Fn()) -> Result<Cost, String> {
    let mut costs = Vec::new();
    for run in 0..=runs {
        before();
        let mut timer = tool("python3");
        timer.args(["-c", TIMER]).args(words);
        let printed = output(&mut timer)?;
        let numbers: Vec<f64> = printed.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [wall_s, cpu_s, peak_kib] = numbers.as_slice() else {
            return Err(format!("the timer printed {printed:?}"));
        };
        if run > 0 {
            costs.push((*wall_s, *cpu_s, *peak_kib));
        }
    }
    let median = |pick: fn(&(f64, f64, f64)) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(Cost {
        wall_s: median(|cost| cost.0),
        cpu_s: median(|cost| cost.1),
        peak_bytes: (median(|cost| cost.2) * 1024.0) as u64,
    })
}

/// The machine, in a line.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = output(tool("rustc").arg("--version")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{cores} cores ({model}), Linux {}, {}", kernel.trim(), rustc.trim())
}
