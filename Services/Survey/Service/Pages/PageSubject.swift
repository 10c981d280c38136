import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// What a link leads to: a survey, and who is to answer it.
struct PageSubject: Sendable {
    var survey: SurveyRecord
    /// The version that this person answers: the one they began with, or the one in use.
    var version: Int64
    var definition: SurveyDefinition
    var person: Person
    var invitation: Invitation?
    var response: ResponseRecord?

    /// Whether anybody may follow the link.
    var isPublic: Bool { invitation == nil }
    var isCompleted: Bool { response?.completedAt != nil }

    enum Fault: Error, Sendable {
        case notFound, expired, paused
    }

    /// The survey's id is the public link: `visitor` is who follows it. Anything with a point is a personal token.
    static func find(
        _ key: String, visitor: String, version shown: Int64? = nil, _ links: LinkSigner, _ db: SQLConnection
    ) throws -> PageSubject {
        let invitation = try key.utf8.contains(UInt8(ascii: ".")) ? invitation(key, links, db) : nil
        guard let survey = try SurveyStore.find(invitation?.surveyID ?? key, db), survey.version > 0 else { throw Fault.notFound }
        let person = invitation.map { Person(customerID: $0.customerID) } ?? Person(visitorID: visitor)
        let response = try ResponseStore.find(survey: survey.id, person: person.key, db)
        let version = response?.version ?? shown ?? survey.version
        guard let definition = try SurveyStore.version(survey.id, version, db) else { throw Fault.notFound }
        let subject = PageSubject(
            survey: survey, version: version, definition: definition, person: person, invitation: invitation, response: response)
        guard survey.isOpen || subject.isCompleted else { throw Fault.paused }
        return subject
    }

    private static func invitation(_ token: String, _ links: LinkSigner, _ db: SQLConnection) throws -> Invitation {
        switch links.read(token, Invitations.purpose) {
        case .forged: throw Fault.notFound
        case .expired: throw Fault.expired
        case .valid(let payload):
            guard let invitation = try payload.string.flatMap({ try InvitationStore.find($0, db) }) else { throw Fault.notFound }
            // Nothing more is kept of whoever was deleted since.
            guard try CustomerStore.reachable(invitation.customerID, db) != nil else { throw Fault.expired }
            return invitation
        }
    }

    // MARK: - Steps

    /// With logic there is one question a page, since which one comes next hangs on the answer.
    var goesByStep: Bool { !definition.logic.isEmpty }

    private var answers: Answers { response?.answers ?? Answers() }

    /// The questions of the page that is due: all of them; or, step by step, the next one with what is to be read before it.
    var questionsDue: [Question] {
        guard goesByStep else { return definition.questions }
        let engine = SurveyEngine(definition)
        let path = engine.path(answers)
        guard let next = engine.next(answers), let index = path.firstIndex(of: next) else {
            return path.filter { !$0.isAnswerable }.suffix(1)
        }
        return Array(path[..<index].reversed().prefix { !$0.isAnswerable }.reversed()) + [next]
    }

    /// What is to be read after the last answer.
    var closingWords: [Question] {
        guard goesByStep else { return [] }
        return SurveyEngine(definition).path(answers).reversed().prefix { !$0.isAnswerable }.reversed()
    }

    var storedAnswers: TypedAnswers { SurveyForm.typed(answers, definition) }
}
