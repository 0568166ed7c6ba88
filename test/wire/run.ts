/** Runs the corpus through a proxy over sockets and says what came out differently. */
import { readdirSync } from 'node:fs'
import net from 'node:net'
import { DEFAULT_LIMITS } from '../../src/http/index.ts'
import { countRequests, readChunked, readRequestHead } from '../../src/http/testing/reference-reader.ts'
import type { WireBackend } from './backend.ts'
import { readCases, type WireCase } from './cases.ts'

export interface Outcome {
  /** What the client got. */
  readonly client: string
  /** What the backend heard. */
  readonly backend: string
}

export interface RunOptions {
  readonly cases?: readonly WireCase[]
  /** Brings what the backend heard to what the library alone would have sent (a gateway adds fields of its own). */
  readonly heard?: (bytes: string) => string
  /** Compare the client's bytes too; off where the proxy adds fields to answers. Default true. */
  readonly exactClient?: boolean
}

/** All cases of this folder. */
export function corpus(): WireCase[] {
  const folder = new URL('./', import.meta.url)
  return readdirSync(folder)
    .filter(name => name.endsWith('.txt'))
    .sort()
    .flatMap(name => readCases(new URL(name, folder)))
}

/**
 * Sends every case to the proxy at `target`, which must forward every request to the backend's port whatever its host and
 * path, and answers one line per case that came out differently.
 */
export async function runCorpus(
  target: { host: string; port: number },
  backend: WireBackend,
  options: RunOptions = {},
): Promise<string[]> {
  const faults: string[] = []
  for (const one of options.cases ?? corpus()) {
    const script = backend.begin(one)
    const client = await exchange(target, one)
    const outcome = { client, backend: options.heard?.(script.heard) ?? script.heard }
    const fault = compare(one, outcome, options.exactClient ?? true)
    if (fault !== null) faults.push(`${one.file}, ${one.name}: ${fault}`)
  }
  return faults
}

/** Status codes of the answers in a text. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d\d\d) /g)].map(m => Number(m[1]))
}

/** What is wrong with the outcome of a case, or null. */
export function compare(one: WireCase, outcome: Outcome, exactClient = true): string | null {
  const got = statuses(outcome.client)
  if (got.join(' ') !== one.statuses.join(' '))
    return `status ${got.join(' ') || 'none'}, not ${one.statuses.join(' ') || 'none'}`
  const wanted = one.backend.join('')
  if (wanted === '*') {
    const whole = countRequests(outcome.backend, DEFAULT_LIMITS)
    if (whole > 0) return `backend heard ${whole} whole requests of one that is broken`
  } else if (plain(outcome.backend) !== plain(wanted))
    return `backend heard ${JSON.stringify(outcome.backend)}, not ${JSON.stringify(wanted)}`
  if (exactClient && one.client !== null && undated(outcome.client) !== one.client)
    return `client got ${JSON.stringify(undated(outcome.client))}, not ${JSON.stringify(one.client)}`
  return null
}

export function undated(text: string): string {
  return text.replace(/Date: [^\r]*\r\n/gi, '')
}

/** Requests with chunked bodies as one piece: where chunks are cut depends on how bytes arrive. */
export function plain(text: string): string {
  let out = ''
  for (;;) {
    const head = readRequestHead(text, DEFAULT_LIMITS)
    if (head.kind !== 'head') return out + text
    out += text.slice(0, head.end)
    text = text.slice(head.end)
    if (!head.chunked) {
      out += text.slice(0, head.length)
      text = text.slice(head.length)
      continue
    }
    const body = readChunked(text, DEFAULT_LIMITS)
    // A body that broke off: whole chunks of it may have gone out or not.
    if (body.kind !== 'body') return `${out}[broken]`
    out += `[${body.data}][${body.trailers.map(t => t.join(': ')).join(', ')}]`
    text = text.slice(body.end)
  }
}

/** Milliseconds of silence after the expected answers, in which nothing more may come. */
const QUIET = 10

/** Sends a case and answers what the client got. */
export function exchange(target: { host: string; port: number }, one: WireCase): Promise<string> {
  return new Promise(resolve => {
    let got = ''
    let quiet: NodeJS.Timeout | null = null
    const socket = net.connect({ ...target, allowHalfOpen: true, noDelay: true })
    const finish = (): void => {
      clearTimeout(limit)
      if (quiet !== null) clearTimeout(quiet)
      socket.destroy()
      resolve(got)
    }
    const limit = setTimeout(finish, 4000)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      got += text
      if (statuses(got).length < one.statuses.length) return
      if (quiet !== null) clearTimeout(quiet)
      quiet = setTimeout(
        finish,
        one.client !== null && undated(got).length < one.client.length ? 1000 : QUIET,
      )
    })
    socket.on('end', finish)
    socket.on('error', finish)
    socket.write(Buffer.from(one.send, 'latin1'))
    if (one.half) socket.end()
  })
}
