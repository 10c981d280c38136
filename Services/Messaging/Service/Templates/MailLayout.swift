/// The shell of Vefa's own templates: tables for layout (mail readers know little else), one column, system fonts, dark text on white, a
/// heading for screen readers; the shop's name, its postal address and the way out at the end.
enum MailLayout {
    /// `unsubscribe` are the words of the way out, with the postal address above them; nil in a transactional mail, which has neither.
    static func html(lang: String, title: String, body: String, why: String, unsubscribe: String? = nil) -> String {
        let wayOut =
            unsubscribe.map { words in
                """
                {{#store.address}}<br>{{store.address}}{{/store.address}}\
                {{#unsubscribe_url}}<br><a href="{{unsubscribe_url}}" style="color:#555555">\(words)</a>{{/unsubscribe_url}}
                """
            } ?? ""
        return html(lang: lang, title: title, body: body, footer: "\(why){{#store.name}}<br>{{store.name}}{{/store.name}}\(wayOut)")
    }

    private static func html(lang: String, title: String, body: String, footer: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="\(lang)">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light">
        <title>\(title)</title>
        </head>
        <body style="margin:0;padding:0;background:#f4f4f2;color:#1c1c1c;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f4f4f2">
        <tr><td align="center" style="padding:24px 12px">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;background:#ffffff;border-radius:8px">
        <tr><td style="padding:32px 32px 8px 32px;font-size:16px;line-height:24px">
        {{#store.name}}<p style="margin:0 0 16px 0;font-size:14px;color:#555555">{{store.name}}</p>{{/store.name}}
        \(body)
        </td></tr>
        <tr><td style="padding:16px 32px 24px 32px;font-size:13px;line-height:20px;color:#555555;border-top:1px solid #e4e4e0">\(footer)</td></tr>
        </table>
        </td></tr>
        </table>
        </body>
        </html>
        """
    }

    /// A link that looks like a button; `url` is a variable's name.
    static func button(_ url: String, _ words: String) -> String {
        """
        {{#\(url)}}
        <p style="margin:24px 0"><a href="{{\(url)}}" style="display:inline-block;padding:12px 24px;background:#1f5f46;color:#ffffff;\
        text-decoration:none;border-radius:6px;font-weight:bold">\(words)</a></p>
        {{/\(url)}}
        """
    }

    /// The end of the plain part.
    static func textFooter(why: String, unsubscribe: String) -> String {
        """
        -- 
        \(why)
        {{#store.name}}
        {{store.name}}
        {{/store.name}}
        {{#store.address}}
        {{store.address}}
        {{/store.address}}
        {{#unsubscribe_url}}
        \(unsubscribe): {{unsubscribe_url}}
        {{/unsubscribe_url}}

        """
    }
}
