/** PostgreSQL URIs: `postgresql://user:password@host:port/database?sslmode=verify-full`, as libpq and upstream read them. */
import type { ValueType } from '../value-types.ts'

export const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

export type TlsMode = (typeof tlsModes)[number]

/** Null: not said, so that the setting of its own counts. */
export interface PostgresUri {
  /** Name, address, or directory of the socket. */
  readonly host: string | null
  readonly port: number | null
  readonly database: string | null
  readonly user: string | null
  readonly password: string | null
  readonly tlsMode: TlsMode | null
  /** Paths. */
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
}

const SHAPE =
  /^postgres(?:ql)?:\/\/(?:([^@/?#]{0,2000})@)?(\[[0-9a-fA-F:.]{2,45}\]|[^:@/?#,[\]]{0,1000})(?::(\d{0,5}))?(?:\/([^/?#]{0,1000}))?(?:\?([^#]{0,4000}))?$/

/** Parameters that say where to go or whom to trust; `application_name` and `fallback_application_name` mean nothing here. */
const PARAMETERS = new Set([
  'host',
  'port',
  'dbname',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'fallback_application_name',
])

/** Undefined: not a PostgreSQL URI, or one with a parameter that is not understood. */
export function readPostgresUri(text: string): PostgresUri | undefined {
  const parts = SHAPE.exec(text.trim())
  if (parts === null) return undefined
  const [, credentials = '', authority = '', port = '', database = '', query = ''] = parts
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys())
    if (!PARAMETERS.has(name) || parameters.getAll(name).length > 1) return undefined
  const colon = credentials.indexOf(':')
  const user = decoded(colon < 0 ? credentials : credentials.slice(0, colon))
  const password = decoded(colon < 0 ? '' : credentials.slice(colon + 1))
  const host = decoded(authority.replace(/^\[(.*)\]$/, '$1'))
  const name = decoded(database)
  if (user === undefined || password === undefined || host === undefined || name === undefined)
    return undefined
  const tlsMode = parameters.get('sslmode')
  if (tlsMode !== null && !tlsModes.includes(tlsMode as TlsMode)) return undefined
  const number = portOf(parameters.get('port') ?? port)
  if (number === undefined) return undefined
  return {
    host: parameters.get('host') || host || null,
    port: number,
    database: parameters.get('dbname') || name || null,
    user: parameters.get('user') || user || null,
    password: parameters.get('password') || password || null,
    tlsMode: tlsMode as TlsMode | null,
    ca: parameters.get('sslrootcert') || null,
    cert: parameters.get('sslcert') || null,
    key: parameters.get('sslkey') || null,
  }
}

function portOf(text: string): number | null | undefined {
  if (text === '') return null
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return plain.includes('\0') ? undefined : plain
  } catch {
    return undefined
  }
}

export const postgresUri: ValueType<PostgresUri> = {
  name: 'PostgreSQL URI',
  expected:
    'postgresql://user:password@host:port/database, special characters percent-encoded, with no other parameters than host, port, dbname, user, password, sslmode, sslrootcert, sslcert, sslkey and application_name',
  fromFile: true,
  read: raw => (typeof raw === 'string' ? readPostgresUri(raw) : undefined),
}
