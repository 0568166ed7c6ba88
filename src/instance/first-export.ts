/** The export that a first start loads (settings `otoroshi.importFrom` and `otoroshi.importFromHeaders`): a file or a URL. */
import { createReadStream } from 'node:fs'
import { StartFailure } from './failure.ts'

export interface ExportSource {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Lines of raw keys rather than one JSON object. */
  readonly lines: boolean
}

/** Bytes of a download. */
const most = 2 * 1024 ** 3
/** Milliseconds a download may take. */
const patience = 10 * 60_000
const mostRedirects = 5

/** Opens it. Rejects with `StartFailure`, reading it as well; neither tells the URL, which may hold a secret. */
export async function openExport(from: string, headers: readonly string[]): Promise<ExportSource> {
  if (!/^https?:\/\//i.test(from)) return { chunks: reading(createReadStream(from)), lines: isLines(from) }
  const own = readHeaders(headers)
  let url: URL
  try {
    url = new URL(from)
  } catch {
    throw failed('the URL cannot be read')
  }
  const response = await fetched(url, own)
  const type = response.headers.get('content-type') ?? ''
  const lines = isLines(url.pathname) || /^application\/x-ndjson\b/i.test(type)
  if (response.body === null) throw failed('the answer has no body')
  return { chunks: reading(response.body), lines }
}

function isLines(path: string): boolean {
  return /\.(ndjson|jsonl)$/i.test(path)
}

async function* reading(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0
  try {
    for await (const chunk of source) {
      size += chunk.length
      if (size > most) throw new Error(`it is longer than ${most} bytes`)
      yield chunk
    }
  } catch (error) {
    throw failed(reasonOf(error), error)
  }
}

/** Follows redirects by itself: headers may hold secrets and go to the origin of the setting only. */
async function fetched(from: URL, own: Headers): Promise<Response> {
  const signal = AbortSignal.timeout(patience)
  const { username, password, origin } = from
  if ((username !== '' || password !== '') && !own.has('authorization')) {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    own.set('Authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
  }
  let url = from
  for (let hop = 0; hop <= mostRedirects; hop++) {
    url.username = ''
    url.password = ''
    const response = await answerOf(url, url.origin === origin ? own : new Headers(), signal)
    if (response.ok) return response
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null)
      throw failed(`the server answered ${response.status}`)
    await response.body?.cancel()
    const next = URL.canParse(location, url) ? new URL(location, url) : null
    if (
      next === null ||
      !/^https?:$/.test(next.protocol) ||
      (url.protocol === 'https:' && next.protocol === 'http:')
    )
      throw failed('the server redirects to where nothing is followed')
    url = next
  }
  throw failed(`the server redirects more than ${mostRedirects} times`)
}

async function answerOf(url: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal })
  } catch (error) {
    throw failed(reasonOf(error), error)
  }
}

function readHeaders(list: readonly string[]): Headers {
  const headers = new Headers({ Accept: 'application/json, application/x-ndjson;q=0.9' })
  for (const [i, line] of list.entries()) {
    const colon = line.indexOf(':')
    try {
      // A value may hold colons.
      headers.append(line.slice(0, Math.max(colon, 0)).trim(), line.slice(colon + 1).trim())
    } catch {
      // What was thrown quotes the value.
      throw new StartFailure(`otoroshi.importFromHeaders: entry ${i + 1} is not of the form Name:value`)
    }
  }
  return headers
}

/** The innermost message: those around it say only that something failed. */
function reasonOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0]
  return inner instanceof Error ? inner.message : String(inner)
}

function failed(reason: string, cause?: unknown): StartFailure {
  return new StartFailure(`the export of otoroshi.importFrom cannot be read: ${reason}`, cause)
}
