/** A context that has everything, and settings that give everything, for tests. */
import { EmptyContext, type ExpressionSettings } from '../index.ts'

export const request = {
  method: 'GET',
  target: '/a/b?q=1&q=2&e=',
  path: '/a/b',
  host: 'api.oto.tools:8443',
  domain: 'api.oto.tools',
  protocol: 'https',
  ip: '1.2.3.4',
  version: 11,
  headers: new Map([
    ['x-id', 'h1'],
    ['x-evil', '${env.SECRET}'],
    ['x-no', 'no-thanks'],
  ]),
  query: new URLSearchParams('q=1&q=2&e='),
  cookies: new Map([['c', 'cv']]),
  pathParams: { id: '42' },
  connection: { listener: '', tls: null },
}
const route = {
  id: 'route_1',
  name: 'My route',
  groups: ['g0', 'g1'],
  domains: ['api.oto.tools/a'],
  metadata: { team: 'red' },
  json: { id: 'route_1' },
}
const apikey = { clientId: 'cid', clientName: 'cname', metadata: { plan: 'gold' }, tags: ['t0'], secret: 's' }
const user = {
  name: 'Ann',
  email: 'ann@x.y',
  realm: 'realm',
  json: { email: 'ann@x.y' },
  tokens: {
    id_token: 'idt',
    access_token: 'act',
    refresh_token: 'rft',
    token_type: 'Bearer',
    expires_in: 12,
  },
  metadata: { a: { b: 1 }, team: 'blue' },
  profile: { roles: ['r0', 'r1'], nothing: null },
}
export const values: Readonly<Record<string, string>> = {
  sub: 'alice-smith',
  'item.x': 'ix',
  'params.y': 'py',
  requestId: '77',
  long: 'a'.repeat(5000),
}

export class Full extends EmptyContext {
  override get requestId() {
    return '77'
  }
  override get request(): typeof request | null {
    return request
  }
  override get route() {
    return route
  }
  override get apikey(): typeof apikey | null {
    return apikey
  }
  override get user(): typeof user | null {
    return user
  }
  override value(key: string) {
    return Object.hasOwn(values, key) ? values[key] : undefined
  }
  override get inputToken() {
    return { raw: 'a.b.c', claims: { iss: 'me', deep: { k: [true] } } }
  }
  override get outputToken() {
    return { raw: 'd.e.f', claims: { iss: 'you' } }
  }
  override get apikeyClaims(): unknown {
    return { a: { b: [1, 2] }, 'k.x': 1, n: null }
  }
  override get userAgent(): unknown {
    return { browser: 'Firefox', ok: true }
  }
  override get geolocation(): unknown {
    return { country: 'FR', lat: 46.3 }
  }
  override get plan() {
    return { id: 'p1', name: 'Plan' }
  }
  override get api() {
    return { id: 'a1', name: 'Api' }
  }
}

/** Without a user. */
export class KeyOnly extends Full {
  override get user() {
    return null
  }
}

export const settings: ExpressionSettings = {
  env: name => ({ HOME: '/root', SECRET: 'env-secret' })[name],
  config: path => ({ 'app.domain': 'oto.tools' })[path],
  secret: uri => (uri === 'vault://local/db' ? 'hunter2' : undefined),
  globalConfig: () => ({ metadata: { m: 'mv' }, env: { a: { b: [7] } } }),
}
