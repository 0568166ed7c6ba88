/** Answers of logins, and how they are sent. */
import type { ServerExchange } from '../http/contract.ts'
import { HeaderBlock } from '../http/headers.ts'
import { reasonPhrase } from '../http/status.ts'
import type { LoginReason } from './reasons.ts'

export interface Reply {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Content type and text; absent: no body. */
  readonly content?: { readonly type: string; readonly text: string }
}

/** Whoever logs in leaves no trace in caches, and no address of his in the logs of others. */
const PRIVATE: ReadonlyArray<readonly [string, string]> = [
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
]

/** `303 See Other`, with cookies. `to` is a URL of ours or of a provider, never one that a client gave unchecked. */
export function redirect(to: string, cookies: readonly string[] = []): Reply {
  return { status: 303, headers: [['Location', to], ...cookies.map(setCookie)] }
}

export function json(status: number, value: unknown, more: Reply['headers'] = []): Reply {
  return { status, headers: more, content: { type: 'application/json', text: JSON.stringify(value) } }
}

export function withCookies(reply: Reply, cookies: readonly string[]): Reply {
  return { ...reply, headers: [...reply.headers, ...cookies.map(setCookie)] }
}

/** Every refusal says why, for programs (law 5). */
export function because(reply: Reply, reason: LoginReason): Reply {
  return { ...reply, headers: [...reply.headers, ['Otoroshi-Error-Reason', reason]] }
}

function setCookie(value: string): [string, string] {
  return ['Set-Cookie', value]
}

export function send(exchange: ServerExchange, { status, headers, content }: Reply): void {
  const block = HeaderBlock.from([...PRIVATE, ...headers])
  if (content === undefined) {
    exchange.writeHead(status, reasonPhrase(status), block, 0)
    exchange.end()
    return
  }
  const bytes = Buffer.from(content.text)
  block.set('Content-Type', content.type)
  exchange.writeHead(status, reasonPhrase(status), block, bytes.length)
  if (exchange.method !== 'HEAD') exchange.writeBody(bytes)
  exchange.end()
}
