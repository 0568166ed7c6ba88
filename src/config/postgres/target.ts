/** Which PostgreSQL a store speaks to, made of the settings and of the URI, which wins. */
import type { Values } from '../setting.ts'
import type { postgres } from '../table/postgres.ts'
import type { TlsMode } from './uri.ts'

export interface PostgresTarget {
  /** Name, address, or directory of the socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly tls: PostgresTls | null
  /** Both in lower case. */
  readonly schema: string
  readonly table: string
  readonly poolSize: number
  /** Milliseconds to wait for a connection. */
  readonly connectTimeout: number
  /** Milliseconds to wait for the answer to one statement. */
  readonly queryTimeout: number
  /** Milliseconds between two removals of what has expired, and before the first. */
  readonly sweepEvery: number
  readonly sweepAfter: number
}

export interface PostgresTls {
  readonly mode: Exclude<TlsMode, 'disable'>
  /** Take any certificate, whatever the mode. */
  readonly trustAll: boolean
  readonly ca: PemSource
  readonly cert: PemSource
  readonly key: PemSource
}

/** The PEM itself, or the path of it, or neither. */
export interface PemSource {
  readonly pem: string | null
  readonly path: string | null
}

type PostgresSettings = Values<typeof postgres>

export function postgresTarget(settings: PostgresSettings): PostgresTarget {
  const { uri, host, port, database, user, password, tls, ...others } = settings
  return {
    host: uri?.host ?? host,
    port: uri?.port ?? port,
    database: uri?.database ?? database,
    user: uri?.user ?? user,
    password: uri?.password ?? password,
    tls: tlsOf(settings),
    ...others,
  }
}

function tlsOf({ uri, host, tls }: PostgresSettings): PostgresTls | null {
  const mode = uri?.tlsMode ?? (tls.enabled ? tls.mode : 'disable')
  if (mode === 'disable' || (uri?.host ?? host).startsWith('/')) return null
  const source = (pem: string | null, path: string | null, own: string | null | undefined): PemSource =>
    own === null || own === undefined ? { pem, path } : { pem: null, path: own }
  return {
    mode,
    trustAll: tls.trustAll,
    ca: source(tls.trustedCert, tls.trustedCertPath, uri?.ca),
    cert: source(tls.clientCert, tls.clientCertPath, uri?.cert),
    key: source(tls.clientKey, tls.clientKeyPath, uri?.key),
  }
}

/** What is wrong with the settings together, or null. */
export function postgresFault(settings: PostgresSettings): string | null {
  const { tls } = postgresTarget(settings)
  if (tls === null) return null
  if (given(tls.key) && !given(tls.cert))
    return 'otoroshi.pg.ssl.client-key is given without otoroshi.pg.ssl.client-cert'
  // A path may lead to certificate and key in one file.
  if (tls.cert.pem !== null && !given(tls.key) && !tls.cert.pem.includes('PRIVATE KEY-----'))
    return 'otoroshi.pg.ssl.client-cert needs otoroshi.pg.ssl.client-key'
  return null
}

function given({ pem, path }: PemSource): boolean {
  return pem !== null || path !== null
}
