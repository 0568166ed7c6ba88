/** What all pages have in common. */

interface Layout {
  /** More elements of the head. */
  readonly head?: string
  /** Without links to other pages and a footer, for pages that stand alone. */
  readonly plain?: boolean
}

/** A whole page around `content`, which is HTML. */
export function page(title: string, content: string, { head = '', plain = false }: Layout = {}): string {
  const brand = '<img src="/assets/icon.svg" alt="" width="28" height="28">Sarke Survey'
  const links = plain ? '' : '<nav><a href="/docs">API</a></nav>'
  const footer = plain
    ? ''
    : '<footer>Sarke is an invented island. Its survey is a real application.</footer>\n'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Sarke Survey</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
${head}</head>
<body>
<header class="top"><a class="brand" href="/">${brand}</a>${links}</header>
<main>
${content}
</main>
${footer}</body>
</html>
`
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`)
}
