import NIOCore
import SharedRuntime

/// The limits of the way to one upstream service. Counts are per event loop, since nothing is shared between loops.
struct UpstreamConfiguration: Sendable {
    /// Connections open at once to one replica.
    var maxConnectionsPerReplica = 64
    /// Requests that may wait for a connection; the next one is refused as ``UpstreamError/overloaded``.
    var maxWaiting = 512
    /// How long a request waits for a connection before it is refused as ``UpstreamError/overloaded``.
    var waitTimeout: TimeAmount = .seconds(1)
    /// How long name resolution and the TCP handshake may take together.
    var connectTimeout: TimeAmount = .seconds(1)
    /// How long the upstream may take from the last progress of the request to its response (small responses: all of it).
    /// A request can ask for its own, see ``UpstreamRequest/responseTimeout``.
    var responseTimeout: TimeAmount = .seconds(30)
    /// How long a streamed response may pause while somebody waits for its next bytes. Event streams send heartbeats.
    var streamIdleTimeout: TimeAmount = .seconds(120)
    /// When an unused connection is closed. Upstreams must keep theirs open longer, or requests meet closing connections.
    var idleTimeout: TimeAmount = .seconds(30)
    /// How long an answer that came before the request body was all sent waits for the client to send its next bytes.
    /// Within it the client's connection stays usable; past it the rest of the body is abandoned and that connection closes.
    var earlyResponseGrace: TimeAmount = .milliseconds(500)

    /// Responses announced up to this size are delivered in one piece; larger ones and unbounded ones are streamed.
    var collectLimit = 128 * 1024
    /// Reading from the upstream pauses when more bytes than this of a streamed response wait for the client. What one read
    /// brings comes on top, at most as much again.
    var streamHighWater = 256 * 1024

    /// How long a replica that was asked something may say nothing at all before others are preferred. Less than the time-outs: a process that
    /// hangs takes every call that comes to it down with it.
    var silence: TimeAmount = .seconds(2)

    /// How often time-outs are looked at: their granularity. One timer per pool is far cheaper than one per request.
    var sweepInterval: TimeAmount = .milliseconds(100)
    /// When a replica is taken out of rotation.
    var ejection = ReplicaHealth.Policy()
}
