/** The way to backends: connections, sizes of their answers, names; and what decides about routing. */
import { setting } from '../setting.ts'
import { bytes, duration, flag, text, texts, whole } from '../value-types.ts'

const parsing = (name: string): string => `otoroshi.actorsystems.otoroshi.pekko.http.parsing.${name}`
const client = (name: string): string => `OTOROSHI_AKKA_HTTP_CLIENT_${name}`

export const backends = {
  keepAlive: setting({
    key: 'otoroshi.proxy.keepAlive',
    env: ['PROXY_KEEPALIVE', 'OTOROSHI_PROXY_KEEPALIVE'],
    type: flag,
    default: true,
    about: 'keep connections to backends between requests',
  }),
  maxConnections: setting({
    key: 'pekko.http.host-connection-pool.max-connections',
    env: ['OTOROSHI_AKKA_HTTP_SERVER_HOST_CONNECTION_POOL_MAX_CONNECTIONS'],
    type: whole(1, 1_000_000),
    default: 512,
    about: 'connections to one backend, for each thread',
  }),
  maxQueue: setting({
    key: 'pekko.http.host-connection-pool.max-open-requests',
    env: ['OTOROSHI_AKKA_HTTP_SERVER_HOST_CONNECTION_POOL_MAX_OPEN_REQUESTS'],
    type: whole(0, 1_000_000),
    default: 2048,
    about: 'requests that may wait for a connection to one backend, for each thread',
  }),
  maxIdle: setting({
    key: 'otoroshi.proxy.maxIdleConnections',
    env: ['OTOROSHI_PROXY_MAX_IDLE_CONNECTIONS'],
    type: whole(0, 1_000_000),
    default: 256,
    about: 'unused connections kept to one backend, for each thread',
  }),
  idleTimeout: setting({
    key: 'otoroshi.proxy.idleConnectionTimeout',
    env: ['OTOROSHI_PROXY_IDLE_CONNECTION_TIMEOUT'],
    type: duration({ min: 1 }),
    default: 30_000,
    unit: 'ms',
    about: 'how long an unused connection is kept, unless the backend says less',
  }),
  dnsTtl: setting({
    key: 'otoroshi.dns.ttl',
    env: ['OTOROSHI_DNS_TTL'],
    type: duration(),
    default: 10_000,
    unit: 'ms',
    about: 'life of the addresses of a backend; 0 looks them up each time',
  }),
  limits: {
    maxHead: setting({
      key: 'otoroshi.proxy.maxHead',
      env: ['OTOROSHI_PROXY_MAX_HEAD'],
      type: bytes({ min: 256 }),
      default: 60_000,
      unit: 'bytes',
      about: 'status line and headers of an answer together',
    }),
    maxHeaderCount: setting({
      key: parsing('max-header-count'),
      env: [client('PARSING_MAX_HEADER_COUNT')],
      type: whole(1, 10_000),
      default: 128,
      about: 'most headers of an answer',
    }),
    maxHeaderName: setting({
      key: parsing('max-header-name-length'),
      env: [client('PARSING_MAX_HEADER_NAME_LENGTH')],
      type: bytes({ min: 1 }),
      default: 128,
      unit: 'bytes',
      about: 'longest name of a header of an answer',
    }),
    maxHeaderValue: setting({
      key: parsing('max-header-value-length'),
      env: [client('PARSING_MAX_HEADER_VALUE_LENGTH')],
      type: bytes({ min: 1 }),
      default: 16_384,
      unit: 'bytes',
      about: 'longest value of a header of an answer',
    }),
    maxBody: setting({
      key: parsing('max-content-length'),
      env: [
        'AKKA_HTTP_CLIENT_MAX_CONTENT_LENGHT',
        'OTOROSHI_AKKA_HTTP_CLIENT_MAX_CONTENT_LENGHT',
        'OTOROSHI_AKKA_HTTP_CLIENT_PARSING_MAX_CONTENT_LENGHT',
      ],
      type: bytes({ infinite: true }),
      default: Number.POSITIVE_INFINITY,
      defaultText: 'infinite',
      unit: 'bytes',
      about: 'largest body of an answer',
    }),
    maxChunk: setting({
      key: parsing('max-chunk-size'),
      env: [
        'AKKA_HTTP_CLIENT_MAX_CHUNK_SIZE',
        'OTOROSHI_AKKA_HTTP_CLIENT_MAX_CHUNK_SIZE',
        'OTOROSHI_AKKA_HTTP_CLIENT_PARSING_MAX_CHUNK_SIZE',
      ],
      type: bytes({ min: 1 }),
      default: 268_435_456,
      unit: 'bytes',
      about: 'largest chunk of the body of an answer',
    }),
  },
}

export const engine = {
  blacklistedPlugins: setting({
    key: 'otoroshi.plugins.blacklisted',
    aliases: ['otoroshi.plugins.blacklistedStr'],
    env: ['OTOROSHI_PLUGINS_BACKLISTED', 'OTOROSHI_PLUGINS_BLACKLISTED'],
    type: texts,
    default: [],
    about: 'ids of plugins that may not run; a route that needs one is closed',
  }),
  legacyChecks: setting({
    key: 'otoroshi.next.plugins.apply-legacy-checks',
    env: ['OTOROSHI_NEXT_PLUGINS_APPLY_LEGACY_CHECKS'],
    type: flag,
    default: true,
    about:
      'hold every route to the limits and lists of addresses of the global configuration, unless the engine or the route says otherwise',
  }),
  bodyLimit: setting({
    key: 'otoroshi.plugins.maxBodySize',
    env: ['OTOROSHI_PLUGINS_MAX_BODY_SIZE'],
    type: bytes({ min: 1 }),
    default: 4_194_304,
    unit: 'bytes',
    about:
      'longest body that a plugin which transforms or checks bodies reads whole, decoded; its own settings come first',
  }),
  trustForwarded: setting({
    key: 'otoroshi.options.trustXForwarded',
    env: ['OTOROSHI_OPTIONS_TRUST_XFORWARDED'],
    type: flag,
    default: true,
    about: 'first value of trustXForwarded of the global configuration: believe X-Forwarded-* of clients',
  }),
  trailingSlashMeansExactSegments: setting({
    key: 'otoroshi.router.trailingSlashMeansExactSegments',
    env: ['OTOROSHI_ROUTER_TRAILING_SLASH_MEANS_EXACT_SEGEMENTS'],
    type: flag,
    default: true,
    about: 'a route path that ends with / matches whole segments only',
  }),
  tokenIssuer: setting({
    key: 'otoroshi.headers.jwt.issuer',
    type: text,
    default: 'Otoroshi',
    about: 'issuer of the tokens that backends get, and audience of their answers to the challenge',
  }),
  allowEnv: setting({
    key: 'otoroshi.elSettings.allowEnvAccess',
    env: ['OTOROSHI_EL_SETTINGS_ALLOW_ENV_ACCESS'],
    type: flag,
    default: true,
    about: 'expressions may read environment variables; those that hold secrets of the gateway never',
  }),
  allowConfig: setting({
    key: 'otoroshi.elSettings.allowConfigAccess',
    env: ['OTOROSHI_EL_SETTINGS_ALLOW_CONFIG_ACCESS'],
    type: flag,
    default: true,
    about: 'expressions may read settings that are no secrets',
  }),
}
