import SharedRuntime

/// Whoever was let in, as the service behind will hear of it.
struct Caller: Sendable {
    let principal: Principal
    /// The key that was shown; nil for the pages and links that anybody may follow.
    let entry: KeyEntry?
    /// Where the call came from; said of shoppers' calls only, whose address may tell one person from many.
    let address: IPAddress?

    init(principal: Principal, entry: KeyEntry? = nil, address: IPAddress? = nil) {
        self.principal = principal
        self.entry = entry
        self.address = address
    }

    static let anybody = Caller(principal: .visitor)

    /// The principal as services accept it. A key's own is kept with it; with a shopper in it, the signer keeps the latest few thousand.
    func principalHeader(sign: (Principal) -> String) -> String {
        guard let entry, principal.customerID == nil else { return sign(principal) }
        return entry.principalHeader(now: MachineTime.nanoseconds, sign: sign)
    }
}
