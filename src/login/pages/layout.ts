/**
 * The frame of every page of a login.
 *
 * Guarantees: no script runs, nothing is loaded, nobody frames it, and forms stay on the host of the page unless it says
 * otherwise.
 */
import type { Reply } from '../reply.ts'
import { Html, html } from './html.ts'
import { style } from './style.ts'

export interface Page {
  readonly status?: number
  readonly title: string
  readonly body: Html
  readonly nonce: string
  /**
   * What follows a form may be on another host. Browsers hold the redirections after a form to the rule for its action, and
   * where a provider or the page somebody wanted sends on to is known to nobody here.
   */
  readonly leaves?: boolean
}

/** A gate between two pillars: of our own making. */
const logo = new Html(
  '<svg viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false"><rect x="1" y="1" width="30" height="30" rx="8" fill="#e05a00"/><path d="M6 10.5c6.5 2 13.5 2 20 0M8.5 15h15M11 11.5V25M21 11.5V25" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>',
)

export function page({ status = 200, title, body, nonce, leaves = false }: Page): Reply {
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Otoroshi</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${new Html(style)}</style>
</head>
<body>
<main>
<div class="card">
<div class="brand">${logo}<span>Otoroshi</span></div>
${body}
</div>
</main>
</body>
</html>
`.text
  return {
    status,
    headers: [
      ['Content-Security-Policy', policy(nonce, leaves)],
      ['X-Frame-Options', 'DENY'],
    ],
    content: { type: 'text/html; charset=utf-8', text },
  }
}

function policy(nonce: string, leaves: boolean): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    leaves ? "form-action 'self' http: https:" : "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
