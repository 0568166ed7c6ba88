/** The gateway's own error page, for browsers, when no error template applies. */

/** Text made safe for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}

/** A small page that needs nothing else to load. */
export function errorPage(status: number, title: string, message: string, errorId: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Otoroshi Error</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;background:#f5f5f4;color:#1c1917}
main{max-width:34rem;padding:2rem}
b{font-size:3.5rem;line-height:1;color:#b45309}
h1{font-size:1.25rem;margin:.75rem 0 .25rem}
p{margin:.25rem 0;overflow-wrap:anywhere}
small{color:#57534e}
@media(prefers-color-scheme:dark){body{background:#1c1917;color:#f5f5f4}b{color:#fbbf24}small{color:#a8a29e}}
</style>
</head>
<body><main><b>${status}</b><h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p>
<p><small>Request ${escapeHtml(errorId)}</small></p></main></body>
</html>
`
}
