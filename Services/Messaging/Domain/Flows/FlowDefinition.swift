import Shared

/// What a flow's mails are to their reader. Transactional mail ignores marketing consent and obeys suppression; a send whose fate is
/// unknown after a crash is made again (with the same Message-ID). Marketing mail asks for consent and is rather lost than sent twice.
public enum MessageClass: String, Sendable, CaseIterable {
    case transactional, marketing
}

/// One version of a flow: what starts it, what ends it, and the steps between. Immutable once published; a run keeps to the version it
/// began with.
public struct FlowDefinition: Sendable, Equatable {
    public var messageClass: MessageClass
    public var trigger: Trigger
    public var exits: [Exit]
    public var reentry: Reentry
    public var onRepeat: OnRepeat
    /// The language of its mails where the contact has none.
    public var locale: String?
    /// In the order they are written: the first is where runs begin, and a node without `next` is followed by the one below it.
    public var nodes: [FlowNode]

    public struct Trigger: Sendable, Equatable {
        /// An event's type.
        public var event: String
        public var filter: Condition?
        /// The path in the event's data that names what the run is about (`order_id`, `cart_id`): there is one run a key at a time. Nil:
        /// one a customer.
        public var key: String?
        /// Further types that count as the event.
        public var also: [String]

        public init(event: String, filter: Condition? = nil, key: String? = nil, also: [String] = []) {
            self.event = event
            self.filter = filter
            self.key = key
            self.also = also
        }

        public var events: [String] { [event] + also.filter { $0 != event } }
    }

    /// What the trigger's event does to a run that is in progress for its key. Unless it is ignored, one that the filter turns down ends the
    /// run: a cart that is empty again was not left.
    public enum OnRepeat: String, Sendable, CaseIterable {
        case ignore
        /// The run goes on where it is, about what the event says.
        case refresh
        /// The same, and as long as the run has sent nothing it begins again: its first wait counts from the last event.
        case restart
    }

    /// An event that ends a run: for the run's key where the event carries it, else for its customer.
    public struct Exit: Sendable, Equatable {
        public var event: String
        public var filter: Condition?

        public init(event: String, filter: Condition? = nil) {
            self.event = event
            self.filter = filter
        }
    }

    public enum Reentry: Sendable, Equatable {
        case always
        /// Once a key (or customer), for ever.
        case once
        case afterDays(Int64)
    }

    public static let maximumNodes = 200
    public static let maximumExits = 20
    public static let maximumTriggerTypes = 10

    public init(
        messageClass: MessageClass, trigger: Trigger, exits: [Exit] = [], reentry: Reentry, onRepeat: OnRepeat = .ignore,
        locale: String? = nil, nodes: [FlowNode]
    ) {
        self.messageClass = messageClass
        self.trigger = trigger
        self.exits = exits
        self.reentry = reentry
        self.onRepeat = onRepeat
        self.locale = locale
        self.nodes = nodes
    }

    public func node(_ id: String) -> FlowNode? { nodes.first { $0.id == id } }
}

/// One step of a flow.
public struct FlowNode: Sendable, Equatable {
    public var id: String
    public var kind: Kind
    /// Where it goes on; nil: to its end. Reading a definition fills in "the one below".
    public var next: String?

    public enum Kind: Sendable, Equatable {
        /// Queues a mail for the run's customer and goes on. With a coupon of its own where there is an offer, made when the mail goes.
        case send(templateID: String, coupon: CouponOffer? = nil)
        case wait(seconds: Int64)
        case waitFor(WaitFor)
        /// Goes to `then` when the condition holds, else to `next`.
        case branch(Condition, then: String?)
    }

    /// Waits for an event about the same thing, at most for `timeoutSeconds`, then goes to `onTimeout` (or on, as if it had come). Passes
    /// at once where the event was heard since the run began, or up to `lookbackSeconds` before: publishers do not take turns.
    public struct WaitFor: Sendable, Equatable {
        public var event: String
        /// The path in the data of both the trigger and the awaited event whose value must be the same; nil: the customer.
        public var key: String?
        public var timeoutSeconds: Int64
        public var lookbackSeconds: Int64
        public var onTimeout: String?

        public init(event: String, key: String?, timeoutSeconds: Int64, lookbackSeconds: Int64 = 0, onTimeout: String? = nil) {
            self.event = event
            self.key = key
            self.timeoutSeconds = timeoutSeconds
            self.lookbackSeconds = lookbackSeconds
            self.onTimeout = onTimeout
        }
    }

    public static let longestWaitSeconds: Int64 = 366 * 86_400
    public static let longestLookbackSeconds: Int64 = 7 * 86_400

    public init(id: String, kind: Kind, next: String?) {
        self.id = id
        self.kind = kind
        self.next = next
    }

    /// Every node it may lead to.
    public var followers: [String] {
        let others: [String?] =
            switch kind {
            case .send, .wait: []
            case .waitFor(let wait): [wait.onTimeout]
            case .branch(_, let then): [then]
            }
        return (others + [next]).compactMap { $0 }
    }

    /// The template that it sends.
    public var templateID: String? { if case .send(let templateID, _) = kind { templateID } else { nil } }
    /// The coupon that its mail brings.
    public var coupon: CouponOffer? { if case .send(_, let coupon) = kind { coupon } else { nil } }

    public var kindName: String {
        switch kind {
        case .send: "send"
        case .wait: "wait"
        case .waitFor: "wait_for"
        case .branch: "branch"
        }
    }
}

extension FlowDefinition {
    /// How long events of the type this node waits for have to be remembered for its sake. A node that begins the run needs only its
    /// look-back; one after a wait must know of everything since the run began.
    public func memorySeconds(of wait: FlowNode.WaitFor, at nodeID: String) -> Int64 {
        var reached: Set<String> = []
        var current = nodes.first
        while let node = current, node.id != nodeID, reached.insert(node.id).inserted {
            guard case .send = node.kind else { return FlowNode.longestLookbackSeconds }
            current = node.next.flatMap(self.node)
        }
        return current?.id == nodeID ? wait.lookbackSeconds : FlowNode.longestLookbackSeconds
    }
}
