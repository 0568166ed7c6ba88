/** One writer of the admin API who looks after each edit when it shows, and keeps looking until the answer is there. */
import { Buffer } from 'node:buffer'
import { getRequest, KeepAliveClient } from '../keep-alive-client.ts'
import { type Edit, refused, type Sight } from './edits.ts'

/** Connections that look: the system spreads them over the threads. */
const EYES = 3
/** Milliseconds between two looks of one. */
const PAUSE = 2
/** A change not seen after this many milliseconds is a fault. */
const PATIENCE = 5_000

const AUTHORIZATION = `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`

export interface Outcome {
  readonly edit: Edit
  /** What is wrong, or null. */
  readonly fault: string | null
  /** Milliseconds until every connection saw the edit; NaN for edits that no route shows. */
  readonly sinceSending: number
  /** The same since the answer of the admin API; 0 when it was seen before. */
  readonly sinceAnswer: number
}

export class Editor {
  readonly #admin: KeepAliveClient
  readonly #eyes: readonly KeepAliveClient[]

  private constructor(admin: KeepAliveClient, eyes: readonly KeepAliveClient[]) {
    this.#admin = admin
    this.#eyes = eyes
  }

  static async open(port: number): Promise<Editor> {
    const eyes = await Promise.all(Array.from({ length: EYES }, () => KeepAliveClient.connect(port)))
    return new Editor(await KeepAliveClient.connect(port), eyes)
  }

  close(): void {
    for (const client of [this.#admin, ...this.#eyes]) client.close()
  }

  async make(edit: Edit): Promise<Outcome> {
    const watch = new Watch(edit)
    // A refused edit shows nothing, so it is looked for only afterwards.
    const looks =
      edit.route === null || refused.has(edit.kind)
        ? []
        : this.#eyes.map(eye => look(eye, edit.route!, watch))
    const { status, body } = await this.#admin.ask(adminRequest(edit))
    watch.answeredAt = performance.now()
    if (status !== edit.expected)
      watch.fault(`the admin API answered ${status} instead of ${edit.expected}: ${body.slice(0, 300)}`)
    if (refused.has(edit.kind)) for (const eye of this.#eyes) looks.push(look(eye, edit.route!, watch))
    const seen = await Promise.all(looks)
    const last = seen.length === 0 || refused.has(edit.kind) ? Number.NaN : Math.max(...seen)
    return {
      edit,
      fault: watch.faults.length === 0 ? null : `${edit.kind} of ${edit.route}: ${watch.faults.join('; ')}`,
      sinceSending: last - watch.sentAt,
      sinceAnswer: Math.max(0, last - watch.answeredAt),
    }
  }
}

class Watch {
  readonly edit: Edit
  readonly sentAt = performance.now()
  answeredAt = Number.POSITIVE_INFINITY
  readonly faults: string[] = []

  constructor(edit: Edit) {
    this.edit = edit
  }

  fault(text: string): void {
    this.faults.push(text)
  }
}

/** Looks until the edit shows; answers when it did. */
async function look(eye: KeepAliveClient, route: string, watch: Watch): Promise<number> {
  const { sight } = watch.edit
  const request = getRequest(`${route}.test`)
  for (;;) {
    const sentAt = performance.now()
    const seen = sightOf(await eye.ask(request))
    const now = performance.now()
    if (seen.status === sight.status && seen.text === sight.text) return now
    const shown = `${seen.status} ${seen.text} instead of ${sight.status} ${sight.text}`
    // The writer's next request sees the write: later is too late, however little.
    if (sentAt > watch.answeredAt) watch.fault(`a request sent after the answer saw ${shown}`)
    if (now - watch.sentAt > PATIENCE || watch.faults.length > 3) {
      watch.fault(`never seen: ${shown}`)
      return now
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE))
  }
}

function sightOf({ status, head, body }: { status: number; head: string; body: string }): Sight {
  if (status === 200) return { status, text: body }
  return { status, text: /\r\notoroshi-error-reason: *([^;\r]+)/i.exec(head)?.[1] ?? '' }
}

function adminRequest({ method, path, body }: Edit): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: otoroshi-api.oto.tools',
    `Authorization: ${AUTHORIZATION}`,
    'Accept: application/json',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}
