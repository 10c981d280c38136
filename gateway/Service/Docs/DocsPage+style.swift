extension DocsPage {
    static let style = """
        :root{color-scheme:light dark;--line:#8884;--soft:#8881}
        body{margin:0;font:16px/1.5 system-ui,sans-serif;display:grid;grid-template-columns:22rem minmax(0,1fr)}
        nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1rem;border-right:1px solid var(--line);box-sizing:border-box;font-size:.85rem}
        nav ul{list-style:none;margin:0 0 .5rem;padding:0}nav p{margin:.4rem 0}nav a{text-decoration:none;overflow-wrap:anywhere}
        .brand{font-weight:700;font-size:1.1rem}main{padding:1rem 2rem 6rem;max-width:64rem}
        article{border-top:1px solid var(--line);padding:.5rem 0 1rem;overflow-x:auto}h3{margin:.6rem 0}
        .m{display:inline-block;min-width:3.6em;font:600 .75em/1.6 ui-monospace,monospace;text-align:center;border-radius:.3em;background:var(--soft)}
        .GET{color:#1a7f37}.POST{color:#0969da}.PUT,.PATCH{color:#9a6700}.DELETE{color:#cf222e}
        code,pre{font:.9em ui-monospace,monospace}pre{background:var(--soft);padding:.7rem;border-radius:.4rem;overflow:auto;max-height:30rem}
        table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0}th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
        caption{text-align:left;font-weight:600}details{margin:.3rem 0}summary{cursor:pointer}.small{font-size:.85rem;margin:.3rem 0}
        @media(max-width:60rem){body{display:block}nav{position:static;height:auto;max-height:40vh}}
        """
}
