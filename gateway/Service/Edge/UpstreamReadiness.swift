import Shared
import SharedRuntime
import Synchronization

/// Whether the four services behind the gateway can serve. The last finding is good for half a second, so that probes do not multiply.
final class UpstreamReadiness: Sendable {
    static let lifetime: UInt64 = 500_000_000

    private let last = Mutex<(missing: [String], at: UInt64)?>(nil)

    /// The services that are not ready, by name.
    func missing(_ house: House) async -> [String] {
        let now = MachineTime.nanoseconds
        if let last = last.withLock({ $0 }), now < last.at + Self.lifetime { return last.missing }
        let ready = await withTaskGroup(of: (ServiceName, Bool).self) { group in
            for service in OverviewController.services {
                group.addTask { (service, await house.services.isReady(service, deadline: .seconds(1))) }
            }
            return await group.reduce(into: [ServiceName: Bool]()) { $0[$1.0] = $1.1 }
        }
        let missing = OverviewController.services.filter { ready[$0] != true }.map(\.rawValue)
        last.withLock { $0 = (missing, MachineTime.nanoseconds) }
        return missing
    }
}
