/** Connections on untouched routes that stay open all the time: WebSockets that talk, and downloads that go on and on. */
import http from 'node:http'
import { WebSocket } from 'ws'
import type { StormBackend } from './scenery.ts'

/** Milliseconds between two messages of a socket. */
const PAUSE = 2_000
/** Longest wait for the last echoes and the ends of the downloads. */
const PATIENCE = 10_000

interface Talk {
  readonly socket: WebSocket
  sent: number
  echoed: number
}

interface Download {
  readonly index: number
  bytes: number
  /** Null while it goes on. */
  end: 'complete' | 'cut' | null
}

export class LongConnections {
  /** What went wrong, told once each. */
  readonly faults: string[] = []
  /** Connections that ended before they were told to. */
  closed = 0
  readonly #backend: StormBackend
  readonly #talks: Talk[] = []
  readonly #downloads: Download[] = []
  #timer: NodeJS.Timeout | null = null
  #ending = false

  private constructor(backend: StormBackend) {
    this.#backend = backend
  }

  static async open(
    port: number,
    backend: StormBackend,
    sockets: number,
    downloads: number,
  ): Promise<LongConnections> {
    const all = new LongConnections(backend)
    for (let i = 0; i < sockets; i++) await all.#talk(port)
    for (let i = 0; i < downloads; i++) await all.#download(port)
    let next = 0
    // Spread over the pause, so that there is never a burst.
    all.#timer = setInterval(() => all.#say(next++ % sockets), PAUSE / sockets)
    return all
  }

  get messages(): number {
    return this.#talks.reduce((sum, talk) => sum + talk.echoed, 0)
  }

  get bytes(): number {
    return this.#downloads.reduce((sum, download) => sum + download.bytes, 0)
  }

  /** Says a last word on every socket, lets the downloads end, and checks that nothing was lost. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    for (const index of this.#talks.keys()) this.#say(index)
    this.#ending = true
    this.#backend.finish()
    const until = performance.now() + PATIENCE
    const open = (): boolean =>
      this.#talks.some(({ sent, echoed }) => echoed < sent) || this.#downloads.some(({ end }) => end === null)
    while (open() && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 20))
    for (const { socket, sent, echoed } of this.#talks) {
      if (echoed !== sent) this.faults.push(`a socket had ${echoed} of ${sent} messages back`)
      socket.terminate()
    }
    for (const { index, bytes, end } of this.#downloads) {
      const sent = this.#backend.sent[index]!
      if (end !== 'complete' || bytes !== sent)
        this.faults.push(`a download (${end ?? 'without end'}) got ${bytes} of ${sent} bytes`)
    }
  }

  #talk(port: number): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { Host: 'sockets.test' } })
    const talk: Talk = { socket, sent: 0, echoed: 0 }
    this.#talks.push(talk)
    socket.on('message', data => {
      if (String(data) === `word ${talk.echoed}`) talk.echoed++
      else this.faults.push(`a socket expected word ${talk.echoed} and got ${String(data).slice(0, 40)}`)
    })
    socket.on('close', code => {
      if (!this.#ending) this.#lost(`a socket was closed with ${code}`)
    })
    return new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
  }

  #say(index: number): void {
    const talk = this.#talks[index]!
    if (talk.socket.readyState === WebSocket.OPEN) talk.socket.send(`word ${talk.sent++}`)
  }

  #download(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = { Host: 'download.test' }
      const request = http.get({ host: '127.0.0.1', port, path: '/', headers, agent: false }, answer => {
        const download: Download = { index: Number(answer.headers['x-download']), bytes: 0, end: null }
        this.#downloads.push(download)
        answer.on('data', data => (download.bytes += data.length))
        answer.on('error', () => {})
        answer.on('close', () => {
          download.end = answer.complete ? 'complete' : 'cut'
          if (!this.#ending) this.#lost('a download ended too early')
        })
        resolve()
      })
      request.on('error', reject)
    })
  }

  #lost(fault: string): void {
    this.closed++
    this.faults.push(fault)
  }
}
