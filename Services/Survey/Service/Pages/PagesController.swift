import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime
import SharedStore
import SurveyDomain

/// `GET` and `POST /s/{key}`: the page that asks, for whoever follows a link. The key is a survey's id, or a personal token out of a mail.
///
/// Looking at it changes nothing: mail scanners and previews follow links too. Seen and started are counted when answers are sent.
struct PagesController {
    let house: House

    func add(to router: Router<VefaContext>) {
        router.get("/s/:key", use: show)
        router.post("/s/:key", use: submit)
    }

    private static let formPurpose = "survey-form"
    private static let visitorPurpose = "survey-visitor"
    private static let formHours: Int64 = 24
    private static let formLimit = 512 << 10

    @Sendable func show(_ request: Request, context: VefaContext) async throws -> Reply {
        let key = try context.parameter("key")
        let links = house.links
        let known = visitor(of: request, key)
        let visitor = known ?? newVisitor()
        let languages = [request.query("lang")] + request.acceptedLanguages
        let subject: PageSubject
        do {
            subject = try await house.read { db in try PageSubject.find(key, visitor: visitor, links, db) }
        } catch let fault as PageSubject.Fault {
            return Self.faultPage(fault, languages)
        }
        let language = Self.language(subject.definition, languages)
        guard !subject.isCompleted else { return Self.thanksPage(subject, language).reply() }
        // `?q1=9`, from a mail that asks its first question itself: filled in, and not sent.
        var typed = subject.storedAnswers
        for question in subject.definition.questions where question.isAnswerable && question.id != "lang" {
            if let value = request.query(question.id), value.utf8.count <= 1_024 { typed[question.id] = [value] }
        }
        var reply = form(subject, language, typed: typed).page.reply()
        if subject.isPublic, known == nil { setVisitor(visitor, subject.survey.id, &reply) }
        return reply
    }

    @Sendable func submit(_ request: Request, context: VefaContext) async throws -> Reply {
        let key = try context.parameter("key")
        let fields = try await request.form(limit: Self.formLimit)
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        let languages = [field("lang"), request.query("lang")] + request.acceptedLanguages
        let known = visitor(of: request, key)
        let ticket = FormTicket(field("form"), house.links)
        let visitor = known ?? ticket?.visitorID ?? newVisitor()
        let typed = Dictionary(
            fields.filter { $0.name.hasPrefix("q_") }.map { (String($0.name.dropFirst(2)), [$0.value]) }, uniquingKeysWith: +)
        let at = field("at")
        let house = house
        do {
            var (reply, survey) = try await house.write { change in
                let subject = try PageSubject.find(key, visitor: visitor, version: ticket?.version, house.links, change.db)
                let language = Self.language(subject.definition, languages)
                return (try submit(subject, ticket, typed: typed, at: at, language, change), subject.isPublic ? subject.survey.id : nil)
            }
            if let survey, known == nil { setVisitor(visitor, survey, &reply) }
            return reply
        } catch let fault as PageSubject.Fault {
            return Self.faultPage(fault, languages)
        }
    }

    private func submit(
        _ subject: PageSubject, _ ticket: FormTicket?, typed: TypedAnswers, at: String?, _ language: String, _ change: Change
    ) throws -> Reply {
        guard !subject.isCompleted else { return Self.thanksPage(subject, language).reply() }
        // A form made for somebody else, or by nobody here: what was typed is shown again under a form of their own.
        guard let ticket, ticket.surveyID == subject.survey.id, ticket.person == subject.person.key else {
            let notice = PageWords(language)(.staleForm)
            return form(subject, language, typed: subject.storedAnswers.merging(typed) { $1 }, notice: notice).page.reply(.forbidden)
        }
        var asked = subject.definition.questions
        if subject.goesByStep { asked = asked.filter { $0.id == at } }
        let answers = SurveyForm.answers(typed, to: asked)
        do {
            let desk = try ResponseDesk(subject.survey, version: subject.version, change)
            let completing: ResponseDesk.Completing = subject.goesByStep ? .whenDone : .yes
            var after = subject
            if let known = subject.response {
                after.response = try desk.goOn(known, answers: answers, completing: completing)
            } else {
                after.response = try desk.begin(
                    subject.person, invitation: subject.invitation?.id, answers: answers, completing: completing)
            }
            return after.isCompleted
                ? Self.thanksPage(after, language).reply() : form(after, language, typed: after.storedAnswers).page.reply()
        } catch let problem as Problem where problem.status == 422 {
            let faults = Dictionary(
                problem.errors.map { ($0.pointer.split(separator: "/").dropFirst().first.map { String($0) } ?? "", $0.code) },
                uniquingKeysWith: { first, _ in first })
            return form(subject, language, typed: typed, faults: faults, questions: subject.goesByStep ? asked : nil).page.reply(
                .unprocessableContent)
        }
    }

    private func form(
        _ subject: PageSubject, _ language: String, typed: TypedAnswers, faults: [String: String] = [:], notice: String? = nil,
        questions: [Question]? = nil
    ) -> SurveyForm {
        let ticket = FormTicket(
            surveyID: subject.survey.id, version: subject.version, person: subject.person.key, visitorID: subject.person.visitorID)
        return SurveyForm(
            subject.definition, language: language, questions: questions ?? subject.questionsDue, typed: typed, faults: faults,
            notice: notice,
            token: ticket.token(house.links), isStep: subject.goesByStep)
    }

    // MARK: - Who is there

    /// A browser's visitor id for one survey, out of its cookie; it says nothing about other surveys.
    private func visitor(of request: Request, _ survey: String) -> String? {
        for cookie in request.headers[.cookie]?.split(separator: ";") ?? [] {
            let parts = cookie.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ $0 != " " }) == Self.cookieName else { continue }
            if case .valid(let payload) = house.links.read(String(parts[1]), Self.visitorPurpose), payload["s"]?.string == survey {
                return payload["v"]?.string
            }
        }
        return nil
    }

    private static let cookieName = "vefa_survey"

    private func newVisitor() -> String { TypeID.make("vis", at: VefaClock.machineNow) }

    private func setVisitor(_ visitor: String, _ survey: String, _ reply: inout Reply) {
        let value = house.links.token(Self.visitorPurpose, ["s": .string(survey), "v": .string(visitor)])
        let secure = house.configuration.publicURL.hasPrefix("https://") ? "; Secure" : ""
        reply.headers[.setCookie] = "\(Self.cookieName)=\(value); Path=/s/\(survey); Max-Age=31536000; HttpOnly; SameSite=Lax\(secure)"
    }

    /// What a form carries, signed: a form that another site makes up, or made for somebody else, is not taken.
    private struct FormTicket: Sendable {
        var surveyID: String
        var version: Int64
        var person: String
        var visitorID: String?

        init(surveyID: String, version: Int64, person: String, visitorID: String?) {
            self.surveyID = surveyID
            self.version = version
            self.person = person
            self.visitorID = visitorID
        }

        init?(_ token: String?, _ links: LinkSigner) {
            guard let token, case .valid(let payload) = links.read(token, PagesController.formPurpose), let survey = payload["s"]?.string,
                let version = payload["n"]?.int, let person = payload["p"]?.string
            else { return nil }
            self.init(surveyID: survey, version: version, person: person, visitorID: payload["v"]?.string)
        }

        func token(_ links: LinkSigner) -> String {
            links.token(
                PagesController.formPurpose,
                ["s": .string(surveyID), "n": .int(version), "p": .string(person), "v": .from(visitorID)],
                expires: VefaClock.machineNow.adding(seconds: PagesController.formHours * 3_600))
        }
    }

    // MARK: - Other pages

    private static func language(_ survey: SurveyDefinition, _ wishes: [String?]) -> String {
        LocaleChoice.pick(from: survey.offeredLanguages, wishes: wishes) ?? LocaleChoice.fallback
    }

    private static func thanksPage(_ subject: PageSubject, _ language: String) -> HTMLPage {
        let words = PageWords(language)
        var body = "<h1>\(HTML.escape(words(.thanksTitle)))</h1><p>\(HTML.escape(words(.thanks)))</p>"
        for statement in subject.closingWords { body += "<p>\(HTML.escape(statement.title.text(in: language)))</p>" }
        if let reward = rewardLine(subject.response?.reward ?? .null, words) { body += "<p><strong>\(HTML.escape(reward))</strong></p>" }
        return HTMLPage(language: language, title: words(.thanksTitle), body: body)
    }

    private static func rewardLine(_ reward: JSON, _ words: PageWords) -> String? {
        guard let state = reward["state"]?.string, state == "pending" || state == "issued" else { return nil }
        if let code = reward["coupon_code"]?.string { return words.coupon(code) }
        if let points = reward["points"]?.int { return words.points(points, given: state == "issued") }
        return words(.couponComing)
    }

    private static func faultPage(_ fault: PageSubject.Fault, _ wishes: [String?]) -> Reply {
        let language = LocaleChoice.pick(from: ["en", "tr"], wishes: wishes) ?? LocaleChoice.fallback
        let words = PageWords(language)
        let (status, title, text): (HTTPResponse.Status, PageWords.Word, PageWords.Word) =
            switch fault {
            case .notFound: (.notFound, .notFoundTitle, .notFound)
            case .expired: (.gone, .expiredTitle, .expired)
            case .paused: (.gone, .pausedTitle, .paused)
            }
        let body = "<h1>\(HTML.escape(words(title)))</h1><p>\(HTML.escape(words(text)))</p>"
        return HTMLPage(language: language, title: words(title), body: body).reply(status)
    }
}
