/// Bodies up to this size are read on the connection's own thread; a larger one would hold up its neighbours.
let readInPlaceLimit = 64 * 1024

/// Runs what computes for long on the shared threads instead of the connection's.
func offLoop<T: Sendable>(_ work: @Sendable () async throws -> T) async throws -> T {
    try await withTaskExecutorPreference(globalConcurrentExecutor) { try await work() }
}
