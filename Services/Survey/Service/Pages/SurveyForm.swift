import Shared
import SharedRuntime
import SurveyDomain

/// What stands in a form's fields, by question: what was typed, stored or taken from a link. Nothing here has been checked.
typealias TypedAnswers = [String: [String]]

/// A survey's questions as a form that works without a script. Every text from outside goes through ``HTML/escape(_:)``.
struct SurveyForm {
    let survey: SurveyDefinition
    let language: String
    let words: PageWords
    /// The questions of this page, statements among them.
    let questions: [Question]
    let typed: TypedAnswers
    /// Codes of what is wrong, by question.
    let faults: [String: String]
    /// Said above the form, such as that it was open for too long.
    let notice: String?
    /// Signed: who fills in which version.
    let token: String
    /// In a survey that goes step by step: whether another page follows.
    let isStep: Bool

    init(
        _ survey: SurveyDefinition, language: String, questions: [Question], typed: TypedAnswers, faults: [String: String] = [:],
        notice: String? = nil, token: String, isStep: Bool
    ) {
        self.survey = survey
        self.language = language
        words = PageWords(language)
        self.questions = questions
        self.typed = typed
        self.faults = faults
        self.notice = notice
        self.token = token
        self.isStep = isStep
    }

    static func field(_ question: Question) -> String { "q_\(question.id)" }

    var page: HTMLPage {
        HTMLPage(language: language, title: survey.title(in: language), body: body)
    }

    private var body: String {
        """
        <h1>\(HTML.escape(survey.title(in: language)))</h1>
        \(notice.map { "<p class=\"error\" role=\"alert\">\(HTML.escape($0))</p>" } ?? "")
        \(faultList)
        <form method="post" accept-charset="utf-8" novalidate>
        <input type="hidden" name="form" value="\(HTML.escape(token))">
        <input type="hidden" name="lang" value="\(HTML.escape(language))">
        \(isStep ? questions.filter(\.isAnswerable).map { "<input type=\"hidden\" name=\"at\" value=\"\(HTML.escape($0.id))\">" }.joined() : "")
        \(questions.map(element).joined(separator: "\n"))
        <p><button type="submit">\(HTML.escape(words(isStep ? .next : .send)))</button></p>
        </form>
        \(languageLinks)
        """
    }

    /// Each fault leads to its question.
    private var faultList: String {
        let wrong = questions.filter { faults[$0.id] != nil }
        guard !wrong.isEmpty else { return "" }
        let items = wrong.map { question in
            "<li><a href=\"#\(HTML.escape(anchor(question)))\">\(HTML.escape(question.title.text(in: language)))</a>: "
                + "\(HTML.escape(words.fault(faults[question.id] ?? "")))</li>"
        }
        return "<div class=\"error\" role=\"alert\"><h2>\(HTML.escape(words(.faultsTitle)))</h2><ul>\(items.joined())</ul></div>"
    }

    private var languageLinks: String {
        let offered = survey.offeredLanguages
        guard offered.count > 1 else { return "" }
        let links = offered.filter { $0 != language }.map { tag in
            "<a href=\"?lang=\(HTML.escape(tag))\" lang=\"\(HTML.escape(tag))\" hreflang=\"\(HTML.escape(tag))\">\(HTML.escape(Self.nativeName(tag)))</a>"
        }
        return "<nav class=\"note\" aria-label=\"\(HTML.escape(words(.languages)))\">\(links.joined(separator: " "))</nav>"
    }

    private static func nativeName(_ tag: String) -> String {
        switch LocaleChoice.language(of: tag) {
        case "en": "English"
        case "tr": "Türkçe"
        case "de": "Deutsch"
        case "fr": "Français"
        case "es": "Español"
        default: tag
        }
    }

    // MARK: - Questions

    /// Where a fault's link leads: the first thing that can be filled in.
    private func anchor(_ question: Question) -> String {
        switch question.kind {
        case .single, .multiple, .rating, .nps, .csat: Self.field(question) + "_0"
        default: Self.field(question)
        }
    }

    private func element(_ question: Question) -> String {
        switch question.kind {
        case .statement: "<p>\(lines(question.title.text(in: language)))</p>"
        case .single:
            group(question, choices: question.choices.map { ($0.id, $0.title.text(in: language)) }, type: "radio", inRow: false, hint: nil)
        case .multiple:
            group(
                question, choices: question.choices.map { ($0.id, $0.title.text(in: language)) }, type: "checkbox", inRow: false,
                hint: words(.chooseAny))
        case .rating: group(question, choices: steps(question), type: "radio", inRow: true, hint: nil)
        case .nps: group(question, choices: steps(question), type: "radio", inRow: true, hint: words(.npsHint))
        case .csat: group(question, choices: steps(question), type: "radio", inRow: true, hint: words(.csatHint))
        case .consent: consent(question)
        case .text: textArea(question)
        case .email: input(question, type: "email", more: " autocomplete=\"email\" spellcheck=\"false\"")
        case .phone: input(question, type: "tel", more: " autocomplete=\"tel\"")
        case .number: input(question, type: "text", more: " inputmode=\"decimal\"")
        case .date: input(question, type: "date", more: "")
        case .matrix, .ranking: ""
        }
    }

    private func steps(_ question: Question) -> [(String, String)] { (question.scale ?? 0...0).map { (String($0), String($0)) } }

    private func group(_ question: Question, choices: [(id: String, title: String)], type: String, inRow: Bool, hint: String?) -> String {
        let name = HTML.escape(Self.field(question))
        let chosen = typed[question.id] ?? []
        let options = choices.enumerated().map { index, choice in
            """
            <label><input type="\(type)" name="\(name)" id="\(name)_\(index)" value="\(HTML.escape(choice.id))"\
            \(chosen.contains(choice.id) ? " checked" : "")\(described(question, hint: hint))> \(HTML.escape(choice.title))</label>
            """
        }
        return """
            <fieldset\(faults[question.id] == nil ? "" : " class=\"error\"")><legend>\(title(question))</legend>
            \(notes(question, hint: hint))<div\(inRow ? " class=\"row\"" : "")>\(options.joined())</div></fieldset>
            """
    }

    private func consent(_ question: Question) -> String {
        let name = HTML.escape(Self.field(question))
        return """
            <fieldset\(faults[question.id] == nil ? "" : " class=\"error\"")><legend>\(title(question))</legend>
            \(notes(question, hint: nil))<label><input type="checkbox" name="\(name)" id="\(name)" value="yes"\
            \(typed[question.id]?.contains("yes") == true ? " checked" : "")\(described(question, hint: nil))> \(HTML.escape(words(.consent)))</label></fieldset>
            """
    }

    private func textArea(_ question: Question) -> String {
        labelled(question) { name, value in
            // The first line break behind the tag is not part of the text, so one is given away.
            "<textarea id=\"\(name)\" name=\"\(name)\" rows=\"5\" maxlength=\"\(Question.maximumText)\"\(described(question, hint: nil))>\n\(value)</textarea>"
        }
    }

    private func input(_ question: Question, type: String, more: String) -> String {
        labelled(question) { name, value in
            "<input type=\"\(type)\" id=\"\(name)\" name=\"\(name)\" value=\"\(value)\"\(more)\(described(question, hint: nil))>"
        }
    }

    private func labelled(_ question: Question, _ control: (_ name: String, _ value: String) -> String) -> String {
        let name = HTML.escape(Self.field(question))
        return """
            <fieldset\(faults[question.id] == nil ? "" : " class=\"error\"")><legend><label for="\(name)">\(title(question))</label></legend>
            \(notes(question, hint: nil))\(control(name, HTML.escape(typed[question.id]?.first ?? "")))</fieldset>
            """
    }

    private func title(_ question: Question) -> String {
        HTML.escape(question.title.text(in: language))
            + (question.required ? " <span class=\"note\">(\(HTML.escape(words(.required))))</span>" : "")
    }

    private func notes(_ question: Question, hint: String?) -> String {
        let name = HTML.escape(Self.field(question))
        let said = hint.map { "<p class=\"note\" id=\"\(name)_hint\">\(HTML.escape($0))</p>" } ?? ""
        let wrong = faults[question.id].map { "<p id=\"\(name)_fault\">\(HTML.escape(words.fault($0)))</p>" } ?? ""
        return said + wrong
    }

    private func described(_ question: Question, hint: String?) -> String {
        let name = HTML.escape(Self.field(question))
        let wrong = faults[question.id] != nil
        let ids = [hint == nil ? nil : "\(name)_hint", wrong ? "\(name)_fault" : nil].compactMap { $0 }
        return (ids.isEmpty ? "" : " aria-describedby=\"\(ids.joined(separator: " "))\"") + (wrong ? " aria-invalid=\"true\"" : "")
            + (question.required && question.kind != .multiple ? " aria-required=\"true\"" : "")
    }

    private func lines(_ text: String) -> String {
        HTML.escape(text).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "<br>")
    }
}

extension SurveyForm {
    /// What the form's fields say, as answers to be checked: nothing chosen or written passes a question over.
    static func answers(_ fields: TypedAnswers, to questions: [Question]) -> JSONObject {
        var answers = JSONObject()
        for question in questions where question.isAnswerable { answers[question.id] = answer(fields[question.id] ?? [], to: question) }
        return answers
    }

    private static func answer(_ typed: [String], to question: Question) -> JSON {
        let first = typed.first ?? ""
        switch question.kind {
        case .multiple:
            var chosen: [String] = []
            for id in typed where !chosen.contains(id) { chosen.append(id) }
            return .from(chosen)
        // A box that is not ticked is an answer, except where only a tick is one.
        case .consent: return typed.isEmpty ? (question.required ? .null : false) : true
        case .rating, .nps, .csat: return first.isEmpty ? .null : Int64(first).map(JSON.int) ?? .string(first)
        case .number:
            let bare = first.filter { $0 != " " }.map { $0 == "," ? "." : $0 }
            if bare.isEmpty { return .null }
            if let whole = Int64(String(bare)) { return .int(whole) }
            guard let number = Double(String(bare)), number.isFinite else { return .string(first) }
            return .double(number)
        default:
            return first.isEmpty ? .null : .string(first.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n"))
        }
    }

    /// Stored answers as a form's fields.
    static func typed(_ answers: Answers, _ survey: SurveyDefinition) -> TypedAnswers {
        var typed: TypedAnswers = [:]
        for question in survey.questions {
            guard let value = answers.values[question.id] else { continue }
            switch value {
            case .string(let text): typed[question.id] = [text]
            case .int(let number): typed[question.id] = [String(number)]
            case .double(let number): typed[question.id] = ["\(number)"]
            case .bool(let flag): typed[question.id] = flag ? ["yes"] : []
            case .array(let items): typed[question.id] = items.compactMap(\.string)
            case .null, .object: break
            }
        }
        return typed
    }
}
