/** Where PostgreSQL is, in upstream's words, for the storage postgresql. */
import { postgresUri, type TlsMode, tlsModes } from '../postgres/uri.ts'
import { pem } from '../redis/members.ts'
import { setting } from '../setting.ts'
import { choice, duration, flag, optional, path, text, type ValueType, whole } from '../value-types.ts'

const host: ValueType<string> = {
  ...text,
  name: 'host',
  expected: 'a host name, an IP address, or the directory of the socket of PostgreSQL',
  read: raw => {
    const written = text.read(raw)?.trim()
    return written !== undefined && /^(?:\/[^\0]{1,200}|[\w.:-]{1,253})$/.test(written) ? written : undefined
  },
}

/** Upstream writes these names without quotes, which makes them lower case. */
const identifier: ValueType<string> = {
  ...text,
  name: 'SQL name',
  expected: 'a name of letters, digits and _, not beginning with a digit, of at most 63 characters',
  read: raw => {
    const written = text.read(raw)?.trim()
    return written !== undefined && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(written)
      ? written.toLowerCase()
      : undefined
  },
}

const tls = {
  enabled: setting({
    key: 'otoroshi.pg.ssl.enabled',
    env: ['PG_SSL_ENABLED', 'OTOROSHI_PG_SSL_ENABLED'],
    type: flag,
    default: false,
    about: 'TLS; in a URI, sslmode counts instead',
  }),
  mode: setting<TlsMode>({
    key: 'otoroshi.pg.ssl.mode',
    env: ['PG_SSL_MODE', 'OTOROSHI_PG_SSL_MODE'],
    type: choice(tlsModes, { verify_ca: 'verify-ca', verify_full: 'verify-full' }),
    default: 'verify-ca',
    about:
      'what TLS must prove: verify-full the authority and the name of the server, verify-ca the authority alone, require nothing; allow and prefer also go on without TLS. What allow and prefer chose at the start stays',
  }),
  trustedCert: setting({
    key: 'otoroshi.pg.ssl.trusted-cert',
    env: ['PG_SSL_TRUSTED_CERT', 'OTOROSHI_PG_SSL_TRUSTED_CERT'],
    type: optional(pem),
    default: null,
    about: 'certificates of the authorities that are trusted, in place of the well-known ones',
  }),
  trustedCertPath: setting({
    key: 'otoroshi.pg.ssl.trusted-cert-path',
    env: ['PG_SSL_TRUSTED_CERT_PATH', 'OTOROSHI_PG_SSL_TRUSTED_CERT_PATH'],
    type: optional(path),
    default: null,
    about: 'a file of them',
  }),
  clientCert: setting({
    key: 'otoroshi.pg.ssl.client-cert',
    env: ['PG_SSL_CLIENT_CERT', 'OTOROSHI_PG_SSL_CLIENT_CERT'],
    type: optional(pem),
    default: null,
    about: 'certificate this gateway shows; may hold the key too',
    secret: true,
  }),
  clientCertPath: setting({
    key: 'otoroshi.pg.ssl.client-cert-path',
    env: ['PG_SSL_CLIENT_CERT_PATH', 'OTOROSHI_PG_SSL_CLIENT_CERT_PATH'],
    type: optional(path),
    default: null,
    about: 'the file of it',
  }),
  clientKey: setting({
    key: 'otoroshi.pg.ssl.client-key',
    env: ['OTOROSHI_PG_SSL_CLIENT_KEY'],
    type: optional(pem),
    default: null,
    about: 'its key',
    secret: true,
  }),
  clientKeyPath: setting({
    key: 'otoroshi.pg.ssl.client-key-path',
    env: ['OTOROSHI_PG_SSL_CLIENT_KEY_PATH'],
    type: optional(path),
    default: null,
    about: 'the file of the key',
  }),
  trustAll: setting({
    key: 'otoroshi.pg.ssl.trust-all',
    env: ['PG_SSL_TRUST_ALL', 'OTOROSHI_PG_SSL_TRUST_ALL'],
    type: flag,
    default: false,
    about: 'take any certificate, whatever the mode says: whoever is between can read and write everything',
  }),
}

export const postgres = {
  uri: setting({
    key: 'otoroshi.pg.uri',
    env: ['PG_URI', 'OTOROSHI_PG_URI', 'POSTGRESQL_ADDON_URI', 'OTOROSHI_POSTGRESQL_ADDON_URI'],
    type: optional(postgresUri),
    default: null,
    about: 'where PostgreSQL is; what it says wins over the settings below',
    secret: true,
  }),
  host: setting({
    key: 'otoroshi.pg.host',
    env: ['PG_HOST', 'OTOROSHI_PG_HOST'],
    type: host,
    default: 'localhost',
    about: 'its host, or the directory of its socket',
  }),
  port: setting({
    key: 'otoroshi.pg.port',
    env: ['PG_PORT', 'OTOROSHI_PG_PORT'],
    type: whole(1, 65_535),
    default: 5432,
    about: 'its port',
  }),
  database: setting({
    key: 'otoroshi.pg.database',
    env: ['PG_DATABASE', 'OTOROSHI_PG_DATABASE'],
    type: text,
    default: 'otoroshi',
    about: 'name of the database, which must exist and be encoded as UTF8',
  }),
  user: setting({
    key: 'otoroshi.pg.user',
    env: ['PG_USER', 'OTOROSHI_PG_USER'],
    type: text,
    default: 'otoroshi',
    about: 'user',
  }),
  password: setting({
    key: 'otoroshi.pg.password',
    env: ['PG_PASSWORD', 'OTOROSHI_PG_PASSWORD'],
    type: text,
    default: 'otoroshi',
    about: 'password',
    secret: true,
    publicDefault: true,
  }),
  tls,
  schema: setting({
    key: 'otoroshi.pg.schema',
    env: ['OTOROSHI_PG_SCHEMA'],
    type: identifier,
    default: 'otoroshi',
    about: 'schema of the table; made when it is not there',
  }),
  table: setting({
    key: 'otoroshi.pg.table',
    env: ['OTOROSHI_PG_TABLE'],
    type: identifier,
    default: 'entities',
    about: 'table; made when it is not there',
  }),
  poolSize: setting({
    key: 'otoroshi.pg.poolSize',
    env: ['PG_POOL_SIZE', 'OTOROSHI_PG_POOL_SIZE'],
    type: whole(2, 1000),
    default: 20,
    about: 'most connections; one more listens for changes',
  }),
  connectTimeout: setting({
    key: 'otoroshi.pg.connect-timeout',
    env: ['PG_CONNECT_TIMEOUT', 'OTOROSHI_PG_CONNECT_TIMEOUT'],
    type: duration({ min: 10 }),
    default: 3000,
    unit: 'ms',
    about: 'how long to wait for a connection',
  }),
  queryTimeout: setting({
    key: 'otoroshi.pg.queryTimeout',
    env: ['OTOROSHI_PG_QUERY_TIMEOUT'],
    type: duration({ min: 10 }),
    default: 5000,
    unit: 'ms',
    about: 'how long to wait for the answer to one statement',
  }),
  sweepEvery: setting({
    key: 'otoroshi.pg.ttl-cleanup-job.interval',
    env: ['PG_TTL_CLEANUP_JOB_INTERVAL', 'OTOROSHI_PG_TTL_CLEANUP_JOB_INTERVAL'],
    type: duration({ min: 100 }),
    default: 5000,
    unit: 'ms',
    about: 'pause between two removals of what has expired, which nobody sees any more',
  }),
  sweepAfter: setting({
    key: 'otoroshi.pg.ttl-cleanup-job.initial-delay',
    env: ['PG_TTL_CLEANUP_JOB_INITIAL_DELAY', 'OTOROSHI_PG_TTL_CLEANUP_JOB_INITIAL_DELAY'],
    type: duration(),
    default: 2000,
    unit: 'ms',
    about: 'pause before the first of them',
  }),
}
