import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// Asking by mail, some days after an order has arrived: a timer for each published survey with that trigger, and what is looked at when it is due.
enum Invitations {
    static let timerKind = "survey_invitation"
    /// What the link's token is signed for.
    static let purpose = "survey"
    static let validDays: Int64 = 30

    /// One timer a survey and order. An order that arrived long ago (an import) invites nobody.
    static func schedule(_ orderID: String, deliveredAt: Timestamp, _ change: Change) throws {
        guard deliveredAt >= change.now.adding(seconds: -CloudEvent.staleSeconds) else { return }
        for survey in try SurveyStore.published(change.db) {
            guard case .event(SurveyTrigger.deliveredEvent, let days)? = survey.definition?.trigger else { continue }
            try change.schedule(
                timerKind, key: "\(survey.id):\(orderID)", at: deliveredAt.adding(days: days),
                payload: ["survey_id": .string(survey.id), "order_id": .string(orderID)])
        }
    }

    static func add(to timers: inout TimerHandlers) {
        timers.onExternal(timerKind) { timer, house in
            let links = house.links
            let publicURL = house.configuration.publicURL
            try await house.write { try invite(timer.payload, links, publicURL, $0) }
        }
    }

    /// Invites, unless something has come between. The timer may fire twice; the row of survey and order says that it was done.
    static func invite(_ payload: JSON, _ links: LinkSigner, _ publicURL: String, _ change: Change) throws {
        guard let surveyID = payload["survey_id"]?.string, let orderID = payload["order_id"]?.string,
            let survey = try SurveyStore.find(surveyID, change.db), survey.isOpen, let definition = survey.definition,
            case .event(SurveyTrigger.deliveredEvent, _) = definition.trigger,
            let order = try DeliveryStore.find(orderID, change.db), order.progress.cancelledAt == nil, let customerID = order.customerID,
            try !DeliveryStore.isReturned(orderID, change.db), let customer = try CustomerStore.reachable(customerID, change.db)
        else { return }
        let person = Person(customerID: customerID)
        guard try ResponseStore.find(survey: survey.id, person: person.key, change.db)?.completedAt == nil else { return }
        let seen = try FigureStore.lastSeen(person.keys, change.db)
        let invited = try InvitationStore.last(of: customerID, change.db)
        let beholder = Beholder(
            person: person.key, customerID: customerID, orders: customer.orders, lastAskedAt: [seen, invited].compactMap { $0 }.max())
        let standing = try FigureStore.standing(survey.id, person.key, change.db) ?? PersonStanding()
        guard ShowDecision.asking(definition, id: survey.id, beholder, standing: standing, now: change.now) == .show else { return }
        let invitation = Invitation(
            id: TypeID.make(Invitation.prefix, at: change.now), surveyID: survey.id, orderID: orderID, customerID: customerID,
            createdAt: change.now,
            expiresAt: VefaClock.machineNow.adding(days: validDays))
        guard try InvitationStore.insert(invitation, change.db) else { return }
        let token = links.token(purpose, .string(invitation.id), expires: invitation.expiresAt)
        // Told in the suite's own time: whoever mails it compares it with that, and a sandbox's clock may be far from the machine's.
        let until = change.now.adding(days: validDays)
        try change.emit(
            "survey.invited", subject: customerID,
            data: [
                "invitation_id": .string(invitation.id), "survey_id": .string(survey.id), "customer_id": .string(customerID),
                "email": .from(customer.emailKey), "order_id": .string(orderID),
                "title": ["en": .string(definition.title(in: "en")), "tr": .string(definition.title(in: "tr"))],
                "link": .string("\(publicURL)/s/\(token)"), "expires_at": .from(until),
            ])
    }
}
