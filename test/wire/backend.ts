/** The raw TCP backend of the corpus: answers each whole request with the next reply of the case. */
import net from 'node:net'
import { DEFAULT_LIMITS } from '../../src/http/index.ts'
import { countRequests } from '../../src/http/testing/reference-reader.ts'
import { DEFAULT_REPLY, type Reply, type WireCase } from './cases.ts'

/** Decides what a backend says to what it hears; the same over sockets and in memory. */
export class Script {
  /** Everything heard, in order of arrival. */
  heard = ''
  #answered = 0
  readonly #replies: readonly Reply[]

  constructor(replies: readonly Reply[]) {
    this.#replies = replies
  }

  /** `text`: all this connection heard in this case; `before`: how many requests of it were answered. */
  replies(text: string, before: number): Reply[] {
    const count = countRequests(text, DEFAULT_LIMITS)
    const due: Reply[] = []
    for (let i = before; i < count; i++) due.push(this.#replies[this.#answered++] ?? DEFAULT_REPLY)
    return due
  }
}

export interface WireBackend {
  readonly port: number
  begin(one: WireCase): Script
  stop(): Promise<void>
}

export async function startBackend(port = 0): Promise<WireBackend> {
  let script = new Script([])
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    let mine = script
    let text = ''
    let answered = 0
    let switched = false
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => socket.end())
    socket.on('data', chunk => {
      if (mine !== script) {
        mine = script
        text = ''
        answered = 0
        switched = false
      }
      const bytes = chunk.toString('latin1')
      mine.heard += bytes
      text += bytes
      if (switched) return
      for (const reply of mine.replies(text, answered)) {
        answered++
        switched = reply.bytes.startsWith('HTTP/1.1 101')
        if (reply.close) socket.end(reply.bytes, 'latin1')
        else socket.write(reply.bytes, 'latin1')
      }
    })
  })
  await new Promise<void>(done => server.listen(port, '127.0.0.1', done))
  return {
    port: (server.address() as net.AddressInfo).port,
    begin(one) {
      script = new Script(one.replies)
      return script
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      return new Promise(done => server.close(() => done()))
    },
  }
}
