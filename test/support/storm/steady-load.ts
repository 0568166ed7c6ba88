/** Requests at a steady rate on the untouched routes: raw connections, prepared bytes, one timer. */
import { getRequest, KeepAliveClient } from '../keep-alive-client.ts'
import { Durations } from './durations.ts'

const TICK = 5
const CONNECTIONS = 48
/** Failures told in full. */
const MOST_TOLD = 20

interface Kind {
  readonly request: Buffer
  readonly answer: string
}

export class SteadyLoad {
  /** Answered as they should be. */
  answered = 0
  /** Every other. */
  failed = 0
  readonly failures: string[] = []
  readonly durations = new Durations()
  readonly #clients: readonly KeepAliveClient[]
  readonly #idle: KeepAliveClient[]
  readonly #kinds: readonly Kind[]
  readonly #perSecond: number
  #timer: NodeJS.Timeout | null = null
  #start = 0
  #sent = 0
  #onIdle: (() => void) | null = null

  private constructor(clients: KeepAliveClient[], ids: readonly string[], perSecond: number) {
    this.#clients = clients
    this.#idle = [...clients]
    this.#kinds = ids.map(id => ({ request: getRequest(`${id}.test`), answer: id }))
    this.#perSecond = perSecond
  }

  /** `ids`: routes that answer their id. */
  static async open(port: number, ids: readonly string[], perSecond: number): Promise<SteadyLoad> {
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => KeepAliveClient.connect(port)),
    )
    return new SteadyLoad(clients, ids, perSecond)
  }

  run(): void {
    this.#start = performance.now()
    this.#timer = setInterval(() => this.#send(), TICK)
  }

  /** Resolves when the last answer is there. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    while (this.#idle.length < this.#clients.length) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    for (const client of this.#clients) client.close()
  }

  get perSecond(): number {
    return (this.#sent * 1000) / (performance.now() - this.#start)
  }

  // What could not be sent for want of an idle connection is sent later: the rate holds over time.
  #send(): void {
    const due = Math.floor(((performance.now() - this.#start) * this.#perSecond) / 1000)
    while (this.#sent < due) {
      const client = this.#idle.pop()
      if (client === undefined) return
      this.#ask(client, this.#kinds[this.#sent++ % this.#kinds.length]!)
    }
  }

  #ask(client: KeepAliveClient, { request, answer }: Kind): void {
    const sentAt = performance.now()
    client.send(request, (status, body) => {
      this.durations.add(performance.now() - sentAt)
      if (status === 200 && body === answer) this.answered++
      else {
        this.failed++
        if (this.failures.length < MOST_TOLD) this.failures.push(`${answer}: ${status} ${body.slice(0, 200)}`)
      }
      // A lost connection answers at once; it is told each time it is asked, but not in a circle.
      this.#idle.unshift(client)
      this.#onIdle?.()
    })
  }
}
