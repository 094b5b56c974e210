package trace

// Revision is that of what is in a trace and how. Readers accept it alone, until
// there is another.
const Revision = 1
