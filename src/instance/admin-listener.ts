/** The private listener of the control plane: loopback only, any free port, closed to whoever has not passed the gateway. */
import { randomBytes } from 'node:crypto'
import { DEFAULT_LIMITS, type ExchangeHandler, HttpServer } from '../http/index.ts'

/** Field that carries the token of the process. */
export const TOKEN_HEADER = 'Otoroshi-Private-Token'
/** Field that names the API key of the caller. */
export const CALLER_HEADER = 'Otoroshi-Private-Caller'

export interface AdminListener {
  readonly port: number
  drain(limit: number): Promise<void>
}

/** A secret that only this process knows. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

export async function openAdminListener(handler: ExchangeHandler): Promise<AdminListener> {
  const server = new HttpServer({
    port: 0,
    host: '127.0.0.1',
    listener: 'private',
    limits: { ...DEFAULT_LIMITS, bodyTimeout: 300_000 },
    handler,
  })
  const port = await server.listen()
  return { port, drain: limit => server.drain(limit) }
}
