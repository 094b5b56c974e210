package scheduler

// Revision is the engine's. It is raised whenever a golden digest changes on
// purpose: runs of different revisions do not compare, and a trace of another
// one is refused by name instead of failing to replay.
const Revision = 2
