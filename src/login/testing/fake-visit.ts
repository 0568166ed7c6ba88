/** A visit of a login without a gateway. */
import { clientRequest } from '../../plugin/testing.ts'
import type { LoginSide, LoginVisit } from '../contract.ts'
import { LoginRequest } from '../request.ts'
import type { ServerExchange } from '../../http/contract.ts'

export interface FakeVisitInput {
  readonly side?: LoginSide
  readonly method?: string
  /** Path and query at the host of logins. */
  readonly path?: string
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly own?: Readonly<Record<string, unknown>>
  /** Told what the provider keeps in the state. */
  readonly onState?: (own: Readonly<Record<string, unknown>>) => void
}

const told = { client: 'x-client', url: 'x-url', modules: 'x-modules' }

export function fakeVisit(input: FakeVisitInput): LoginVisit {
  const { method = 'GET', path = '/privateapps/generic/callback', form, headers = {} } = input
  const body = form === undefined ? '' : new URLSearchParams(form).toString()
  return {
    side: input.side ?? 'user',
    request: fakeRequest(method, path, body, {
      ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...headers,
    }),
    label: 'Time sheets',
    callback: new URL('http://privateapps.oto.tools/privateapps/generic/callback?desc=r&hash=h'),
    state(own = {}) {
      input.onState?.(own)
      return 'sealed-state'
    },
    own: input.own ?? {},
    nonce: 'nonce',
  }
}

/** A request as it comes to the control plane. */
export function fakeRequest(
  method: string,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  base = 'http://privateapps.oto.tools',
): LoginRequest {
  const fields = { ...headers, 'x-client': '192.0.2.1', 'x-url': base }
  const { headers: block } = clientRequest({ method, url: `${base}${path}`, headers: fields }, false)
  const exchange = {
    method,
    target: path,
    headers: block,
    bodyLength: Buffer.byteLength(body),
    readBody(reader: Parameters<ServerExchange['readBody']>[0]) {
      if (body !== '') reader.data(Buffer.from(body))
      reader.end(null)
    },
  }
  // What a login reads of an exchange, and no more.
  return new LoginRequest(exchange as unknown as ServerExchange, told)
}
