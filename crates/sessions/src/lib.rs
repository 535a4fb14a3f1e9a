//! AI agents in separated roles: worktrees, protocol, transcripts.
