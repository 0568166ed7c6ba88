/**
 * `npm run bench:callers`: what it costs to know who calls. Routes with API keys, quotas and tokens beside nginx and HAProxy that
 * only proxy, plain and over TLS; one core each, the same backend and load.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchPrograms, ensurePrograms } from '../scripts/packages.js'
import {
  basicColumns,
  compare,
  type Contender,
  keep,
  latencyColumns,
  otherCore,
  planOf,
  printTable,
  proxyCore,
  timesOf,
} from './compare.ts'
import { benchRoute, putEntity, putRoute } from './gateway-setup.ts'
import {
  type Certificate,
  type Peer,
  startBackend,
  startGateway,
  startHaproxy,
  startNginx,
  stop,
} from './peers.ts'

const BACKEND = 19_100
const PLUGIN = 'cp:otoroshi.next.plugins.'
const SECRET = 'a secret that only this bench knows, long enough for its hash'

const plan = planOf(process.env)
const only = new RegExp(process.env['BENCH_ONLY'] ?? '')
const missing = ensurePrograms(benchPrograms)
for (const program of ['h2load', 'nginx', 'taskset', 'openssl'])
  if (missing.includes(program)) {
    console.error(`bench: ${program} is needed and is not here`)
    process.exit(1)
  }

const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { iss: 'bench', sub: 'someone', scope: 'read', exp: Math.floor(Date.now() / 1000) + 86_400 }
const signed = (alg: string, by: (text: string) => Buffer): string => {
  const text = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  return `${text}.${by(text).toString('base64url')}`
}
const hs256 = signed('HS256', text => createHmac('sha256', SECRET).update(text).digest())
const rs256 = signed('RS256', text => sign('sha256', Buffer.from(text), rsa.privateKey))

const apikeyHeaders = ['Otoroshi-Client-Id: bench-key', 'Otoroshi-Client-Secret: bench-secret']
const jwtHeader = (token: string): string[] => [`X-JWT-Token: ${token}`]
const key = (counted: boolean) => ({
  plugin: `${PLUGIN}ApikeyCalls`,
  config: { update_quotas: counted },
})
const verified = (verifier: string) => ({
  plugin: `${PLUGIN}JwtVerificationOnly`,
  config: { verifier },
})
const rate = {
  plugin: `${PLUGIN}NgCustomThrottling`,
  config: { throttling_quota: 1_000_000_000, expression: '${req.ip}' },
}

interface Row {
  readonly name: string
  readonly plugins: readonly Record<string, unknown>[]
  readonly headers: readonly string[]
  readonly secure?: boolean
  readonly log?: boolean
}

const rows: readonly Row[] = [
  { name: 'otoroshi', plugins: [], headers: [] },
  { name: 'otoroshi, API key', plugins: [key(false)], headers: apikeyHeaders },
  { name: 'otoroshi, API key, throttling, quotas', plugins: [key(true)], headers: apikeyHeaders },
  { name: 'otoroshi, JWT HS256', plugins: [verified('hs')], headers: jwtHeader(hs256) },
  { name: 'otoroshi, JWT RS256', plugins: [verified('rs')], headers: jwtHeader(rs256) },
  { name: 'otoroshi, TLS', plugins: [], headers: [], secure: true },
  {
    name: 'otoroshi, TLS, API key, JWT, rate limit, access log',
    plugins: [key(true), verified('rs'), rate],
    headers: [...apikeyHeaders, ...jwtHeader(rs256)],
    secure: true,
    log: true,
  },
]

let backend: Peer | null = null
try {
  const tls = makeCertificate()
  backend = await startBackend(folder, BACKEND, otherCore)
  const secureUrl = (port: number) => () => `https://127.0.0.1:${port}/`
  const contenders: Contender[] = [
    { name: 'nginx', open: () => startNginx(folder, 19_101, BACKEND, proxyCore) },
    { name: 'haproxy', open: () => startHaproxy(folder, 19_102, BACKEND, proxyCore) },
    {
      name: 'nginx, TLS',
      open: () => startNginx(folder, 19_103, BACKEND, proxyCore, tls),
      url: secureUrl(19_103),
    },
    {
      name: 'haproxy, TLS',
      open: () => startHaproxy(folder, 19_104, BACKEND, proxyCore, tls),
      url: secureUrl(19_104),
    },
    ...rows.map((row, i) => {
      const port = 19_110 + 2 * i
      return {
        name: row.name,
        headers: row.headers,
        open: () => gateway(row, port, tls),
        ...(row.secure === true && { url: secureUrl(port + 1) }),
      }
    }),
  ].filter(({ name }) => !missing.includes(name.split(',')[0]!) && only.test(name))
  const measures = await compare(backend, contenders, plan)
  printTable(measures, [
    ['', m => m.name],
    ...basicColumns,
    timesOf(measures, 'nginx'),
    timesOf(measures, 'nginx, TLS'),
    ...latencyColumns,
    ['failed', m => String(m.failed)],
  ])
  keep('-callers', { ...plan, measures })
} finally {
  if (backend !== null) await stop(backend)
  rmSync(folder, { recursive: true, force: true })
}

async function gateway({ plugins, log }: Row, port: number, tls: Certificate): Promise<Peer> {
  const peer = await startGateway(folder, port, proxyCore, 1, {
    OTOROSHI_HTTPS_PORT: String(port + 1),
    OTOROSHI_TLS_CERT_FILE: tls.cert,
    OTOROSHI_TLS_KEY_FILE: tls.key,
  })
  const most = 2_000_000_000
  await putEntity(port, 'apim.otoroshi.io/v1/apikeys', 'bench-key', {
    clientId: 'bench-key',
    clientSecret: 'bench-secret',
    clientName: 'bench',
    authorizedEntities: ['route_bench'],
    throttlingQuota: most,
    dailyQuota: most,
    monthlyQuota: most,
  })
  await putEntity(
    port,
    'security.otoroshi.io/v1/jwt-verifiers',
    'hs',
    verifier('hs', {
      type: 'HSAlgoSettings',
      size: 256,
      secret: SECRET,
    }),
  )
  await putEntity(
    port,
    'security.otoroshi.io/v1/jwt-verifiers',
    'rs',
    verifier('rs', {
      type: 'RSAlgoSettings',
      size: 256,
      publicKey: rsa.publicKey.export({ type: 'spki', format: 'pem' }),
    }),
  )
  if (log === true)
    await putEntity(port, 'events.otoroshi.io/v1/data-exporters', 'access-log', {
      id: 'access-log',
      name: 'access log',
      enabled: true,
      type: 'file',
      bufferSize: 100_000,
      filtering: { include: [{ '@type': 'GatewayEvent' }], exclude: [] },
      projection: {
        '@timestamp': true,
        method: true,
        url: true,
        status: true,
        duration: true,
        identity: true,
      },
      config: { path: join(folder, `access-${port}.log`), maxFileSize: 1_000_000_000 },
    })
  await putRoute(port, benchRoute(BACKEND, plugins))
  return peer
}

function verifier(id: string, algoSettings: Readonly<Record<string, unknown>>) {
  return {
    id,
    name: id,
    strict: true,
    source: { type: 'InHeader', name: 'X-JWT-Token', remove: '' },
    algoSettings,
    strategy: {
      type: 'PassThrough',
      verificationSettings: { fields: { iss: 'bench' }, arrayFields: {} },
    },
  }
}

function makeCertificate(): Certificate {
  const [cert, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', cert],
  ])
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
  return { cert, key: keyFile }
}
