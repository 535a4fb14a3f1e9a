//! Starting, confining, limiting and stopping processes. The only place that spawns.
