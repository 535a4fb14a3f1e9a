//! Static checks over a source tree and its installed dependencies. No processes, no network, no clock.
