/** The private listener of the control plane: loopback only, any free port, closed to whoever has not passed the gateway. */
import { randomBytes } from 'node:crypto'
import { DEFAULT_LIMITS, type ExchangeHandler, type HttpLimits, HttpServer } from '../http/index.ts'

/** Field that carries the token of the process. */
export const TOKEN_HEADER = 'Otoroshi-Private-Token'
/** Field that names the API key of the caller. */
export const CALLER_HEADER = 'Otoroshi-Private-Caller'
/** Field that names the address of the client. */
export const CLIENT_HEADER = 'Otoroshi-Private-Client'

/** Fields that name scheme and host of a request of a login, and the auth modules of its route. */
export const URL_HEADER = 'Otoroshi-Private-Url'
export const MODULES_HEADER = 'Otoroshi-Private-Modules'

export interface AdminListener {
  readonly port: number
  drain(limit: number): Promise<void>
}

/** A secret that only this process knows. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** `outer`: limits of the ports in front of it. */
export async function openAdminListener(handler: ExchangeHandler, outer: HttpLimits): Promise<AdminListener> {
  const server = new HttpServer({
    port: 0,
    host: '127.0.0.1',
    listener: 'private',
    limits: behind(outer),
    handler,
  })
  const port = await server.listen()
  return { port, drain: limit => server.drain(limit) }
}

/** What a gateway with these limits took passes here, with the fields it added: nobody is refused without a reason code. */
function behind(outer: HttpLimits): HttpLimits {
  const wider = (
    key: 'maxTarget' | 'maxHead' | 'maxHeaderCount' | 'maxHeaderName' | 'maxHeaderValue',
  ): number => Math.max(DEFAULT_LIMITS[key], outer[key]) * 2
  return {
    ...DEFAULT_LIMITS,
    maxTarget: wider('maxTarget'),
    maxHead: wider('maxHead'),
    maxHeaderCount: wider('maxHeaderCount'),
    maxHeaderName: wider('maxHeaderName'),
    maxHeaderValue: wider('maxHeaderValue'),
    maxMethod: Math.max(DEFAULT_LIMITS.maxMethod, outer.maxMethod),
    bodyTimeout: 300_000,
  }
}
