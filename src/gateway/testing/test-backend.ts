/** A backend over raw sockets: it answers what the test says, however wrong that is. */
import net, { type AddressInfo, type Socket } from 'node:net'

export interface RawBackend {
  readonly port: number
  /** Heads of the requests that came, as text. */
  readonly requests: string[]
  readonly sockets: Set<Socket>
  close(): Promise<void>
}

/** `answer` is called with each complete request head; it writes whatever it likes. */
export async function openRawBackend(answer: (socket: Socket, head: string) => void): Promise<RawBackend> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end + 4)
        text = text.slice(end + 4)
        requests.push(head)
        answer(socket, head)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    sockets,
    close: () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A whole answer of a healthy backend. */
export function plainAnswer(body: string, status = '200 OK', headers = ''): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
