import Testing

/// The five executables as processes, as they run at a shop's: on loopback, with stores of their own. One test at a time: the machine is small, and
/// some of them take processes away.
@Suite("The five together", .serialized, .timeLimit(.minutes(5)))
struct FiveTogether {}
