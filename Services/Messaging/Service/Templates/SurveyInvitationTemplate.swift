import MessagingDomain
import Shared

/// The mail that asks somebody to answer a survey, in English and Turkish.
enum SurveyInvitationTemplate {
    static let id = "survey_invitation"

    static let content = TemplateContent(
        name: "Survey invitation",
        locales: [
            "en": parts(
                lang: "en", subject: "{{#survey.title}}{{survey.title}}{{/survey.title}}{{^survey.title}}How did we do?{{/survey.title}}",
                preheader: "A few questions, a minute of your time.", heading: "May we ask you something?", greeting: "Hello",
                lead: "Your answer helps us to do better, and it takes about a minute.", button: "Answer now",
                until: "The link is good until {{survey.expires_on}}.",
                why: "You receive this mail because you agreed to hear from us.", unsubscribe: "Unsubscribe"),
            "tr": parts(
                lang: "tr",
                subject: "{{#survey.title}}{{survey.title}}{{/survey.title}}{{^survey.title}}Sizce nasıldık?{{/survey.title}}",
                preheader: "Birkaç soru, bir dakikanız.", heading: "Size bir şey sorabilir miyiz?", greeting: "Merhaba",
                lead: "Yanıtınız daha iyi olmamıza yardımcı olur; yaklaşık bir dakikanızı alır.", button: "Hemen yanıtla",
                until: "Bağlantının son kullanım günü: {{survey.expires_on}}.",
                why: "Bu e-postayı bizden haber almayı kabul ettiğiniz için alıyorsunuz.", unsubscribe: "Abonelikten çık"),
        ],
        sample: [
            "store": StoreIdentity(name: "Çarşı", address: "Bağdat Cad. 1, 34710 İstanbul").json, "locale": "en",
            "customer": CustomerNames(firstName: "Ayşe", lastName: "Yılmaz").json,
            "survey": ["title": "How was your order?", "link": "https://shop.example/s/sample", "expires_on": "8 March 2026"],
            "unsubscribe_url": "https://shop.example/u/sample",
        ])

    /// `{"title", "link", "expires_on"}` of a `survey.invited`.
    @Sendable static func data(_ event: JSON, _ locale: String) -> JSON {
        let titles = event["title"]?.object?.members ?? []
        let title = LocaleChoice.pick(from: titles.map(\.name), wishes: [locale]).flatMap { event["title"]?[$0]?.string }
        let end = event["expires_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        return [
            "title": .from(title ?? event["title"]?.string), "link": .from(event["link"]?.string.flatMap(WebAddress.init)?.text),
            "expires_on": .from(end.map { DayFormat(locale: locale).day(of: $0) }),
        ]
    }

    private static func parts(
        lang: String, subject: String, preheader: String, heading: String, greeting: String, lead: String, button: String, until: String,
        why: String, unsubscribe: String
    ) -> TemplateParts {
        let body = """
            <h1 style="margin:0 0 16px 0;font-size:24px;line-height:32px">\(heading)</h1>
            <p style="margin:0 0 8px 0">\(greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},</p>
            {{#survey.title}}<p style="margin:0 0 16px 0"><strong>{{survey.title}}</strong></p>{{/survey.title}}
            <p style="margin:0 0 16px 0">\(lead)</p>
            \(MailLayout.button("survey.link", button))
            {{#survey.expires_on}}<p style="margin:0 0 24px 0">\(until)</p>{{/survey.expires_on}}
            """
        let text = """
            \(greeting){{#customer.first_name}} {{customer.first_name}}{{/customer.first_name}},

            {{#survey.title}}
            {{survey.title}}

            {{/survey.title}}
            \(lead)

            {{#survey.link}}
            \(button): {{survey.link}}

            {{/survey.link}}
            {{#survey.expires_on}}
            \(until)

            {{/survey.expires_on}}
            \(MailLayout.textFooter(why: why, unsubscribe: unsubscribe))
            """
        return TemplateParts(
            subject: subject, preheader: preheader,
            html: MailLayout.html(lang: lang, title: heading, body: body, why: why, unsubscribe: unsubscribe), text: text)
    }
}
