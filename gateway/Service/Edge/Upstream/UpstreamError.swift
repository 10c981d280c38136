/// Why a request could not be answered by an upstream service. What the client is told is the caller's business.
enum UpstreamError: Error, Equatable, Sendable {
    /// No replica accepted a connection. Nothing was sent, so nothing happened there.
    case unreachable
    /// The upstream took the request and did not answer in time. It may or may not have acted on it.
    case timedOut
    /// Every connection is busy and the queue is full, or the wait for one was too long. Nothing was sent.
    case overloaded
    /// The connection was lost after the request was sent. `midway`: part of the response had arrived.
    case broken(midway: Bool)
    /// The client went away, or sent less than it announced, before its request was complete.
    case requestIncomplete
    /// The request cannot be written as HTTP/1.1: its target is empty or has blanks or control characters.
    case malformedRequest
}
