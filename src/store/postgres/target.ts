/** Which PostgreSQL a store speaks to: the settings of the storage `postgresql`. */
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
  readonly mode: 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'
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

/** How messages name the place; never with a secret. */
export function placeOf({ host, port, database }: PostgresTarget): string {
  const server = host.includes(':') ? `[${host}]:${port}` : host.startsWith('/') ? host : `${host}:${port}`
  return `the database ${database} at ${server}`
}
