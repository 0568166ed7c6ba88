/** Whether a port can be had. Threads share ports, so a second gateway would not notice that one is taken. */
import net from 'node:net'

/** The port is taken or may not be used. The message is one sentence for people. */
export class PortUnavailable extends Error {
  constructor(port: number, host: string | null, error: NodeJS.ErrnoException) {
    const where = host === null ? `${port}` : `${port} on ${host}`
    const why =
      error.code === 'EADDRINUSE'
        ? 'is already in use'
        : error.code === 'EACCES'
          ? 'may not be used by this account'
          : `cannot be listened on (${error.code ?? error.message})`
    super(`port ${where} ${why}`)
    this.name = 'PortUnavailable'
  }
}

/** Resolves when nobody else listens on the port. Rejects with `PortUnavailable`. */
export function probePort(port: number, host: string | null): Promise<void> {
  if (port === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', error => reject(new PortUnavailable(port, host, error)))
    server.listen({ port, ...(host !== null && { host }), exclusive: true }, () =>
      server.close(() => resolve()),
    )
  })
}
