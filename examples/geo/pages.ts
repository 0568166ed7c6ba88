/** The pages of the web front. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type Answer, html } from './answer.ts'
import { escaped, page } from './layout.ts'

/** The map where other origins would put it: `tiles` and `api` lead to where those are. */
function map(tiles: string, api: string): string {
  return `<div class="map" tabindex="0" role="application" aria-label="Map of Sarke: drag, or use the arrow keys, plus and minus"
data-tiles="${escaped(tiles)}" data-api="${escaped(api)}"></div><p class="status" role="status"></p>`
}

export function home(): Answer {
  const content = `<section class="intro"><p class="eyebrow">Addresses · risks · maps</p><h1>Every place on Sarke</h1>
<form class="search" action="/" role="search"><label for="q">Address</label>
<div><input id="q" name="q" type="search" placeholder="12 Mill Lane, Port Émile" autocomplete="off" required><button>Search</button></div></form>
<ol class="results" aria-live="polite"></ol></section>
${map('/tiles', '/api')}`
  return html(page('Addresses, risks and maps', content, { head: scripts('map', 'search') }))
}

/**
 * A map on a host of its own, whose tiles and favourites come from the host `data.geo.localhost`: another origin, as for any site
 * that shows our map.
 */
export function mapPage(request: IncomingMessage): Answer {
  const data = neighbour(request, 'data')
  const content = `<section class="intro"><p class="eyebrow">A map for other sites</p><h1>Your favourite towns</h1>
<p>Tiles and favourites come from <code>${escaped(data)}</code>. Choose a town to keep it.</p></section>
${map(`${data}/tiles`, `${data}/api`)}`
  return html(page('Map', content, { head: scripts('map') }))
}

/** A page that lets nobody show it in a frame, as careful applications do. */
export function widget(): Answer {
  const content = `<section class="card"><p class="eyebrow">Widget</p><h1>Height of Highmoor</h1><p class="figure">487 m</p>
<p>Measured by the Sarke Survey.</p></section>`
  return html(page('Widget', content, { plain: true }), {
    'X-Frame-Options': 'DENY',
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
  })
}

/** Where a logout ends. */
export function goodbye(): Answer {
  const content = `<section class="card"><p class="eyebrow">Members</p><h1>You are logged out</h1>
<p><a class="button" href="/members">Log in again</a></p></section>`
  return html(page('Goodbye', content, { plain: true }), { 'Cache-Control': 'no-store' })
}

/** A page of somebody who works on a portal and embeds the widget twice: as it is, and as development has it. */
export function embedding(request: IncomingMessage): Answer {
  const frame = (title: string, host: string): string =>
    `<figure><figcaption>${title}</figcaption><iframe id="${host}" title="${title}" src="${neighbour(request, host)}/widget"></iframe></figure>`
  const content = `<section class="intro"><p class="eyebrow">Portal</p><h1>A page that embeds the widget</h1></section>
<div class="frames">${frame('Production refuses to be framed', 'strict')}${frame('Development may be framed', 'dev')}</div>`
  return html(page('Portal', content, { plain: true }))
}

const description = JSON.parse(readFileSync(join(import.meta.dirname, 'openapi.json'), 'utf8')) as {
  readonly info: { readonly title: string; readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>>
}

/** The documentation of the interface, made of its description. */
export function documentation(): Answer {
  const rows = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(
      ([method, { summary }]) =>
        `<tr><td><code>${method.toUpperCase()}</code></td><td><code>${escaped(path)}</code></td><td>${escaped(summary)}</td></tr>`,
    ),
  )
  const { title, description: about } = description.info
  const content = `<section class="intro"><p class="eyebrow">Documentation</p><h1>${escaped(title)}</h1><p>${escaped(about)}</p></section>
<div class="scroll"><table><thead><tr><th>Method</th><th>Path</th><th>Answers</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>
<p>For programs: <a href="/openapi.json">openapi.json</a></p>`
  return html(page('API', content, { plain: true }))
}

/** `http://<name>.geo.localhost` with the port of the gateway that the visitor uses. */
function neighbour(request: IncomingMessage, name: string): string {
  const host = String(request.headers['x-forwarded-host'] ?? request.headers.host ?? '')
  const port = /:(\d{1,5})$/.exec(host)?.[1]
  return `http://${name}.geo.localhost${port === undefined ? '' : `:${port}`}`
}

function scripts(...names: readonly string[]): string {
  return names.map(name => `<script type="module" src="/assets/${name}.js"></script>\n`).join('')
}
