import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makePostgresCertificates as makeUserCertificates } from '../src/store/testing/postgres-certificates.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { failedStart } from './support/failed-start.ts'
import { freePort } from './support/free-port.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { ask as askOver, openSession } from './support/http2-client.ts'
import { until } from './support/wait.ts'

const PLUGIN = 'cp:otoroshi.next.plugins.'
const LISTENERS = '/apis/http-listeners.proxy.otoroshi.io/v1/http-listeners'

interface Shown {
  readonly cert: Buffer
  readonly key: Buffer
}

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-clients-'))
let gateway: TestGateway
let backend: Backend
let port: number
let authority: string
let ada: Shown
let stranger: Shown

const filesFor = (name: string, user: string) => {
  const directory = join(folder, name)
  mkdirSync(directory)
  const made = makeUserCertificates(directory, user)
  if (made === null) throw new Error('openssl is needed')
  return made
}
const read = ({ cert, key }: { cert: string; key: string }): Shown => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
})

/** One call over a connection of its own: status and what the backend saw. Rejects when there is no connection. */
function ask(host: string, shown: Shown | null, to = port) {
  return new Promise<{ status: number; headers: Record<string, string>; reason: unknown }>(
    (resolve, reject) => {
      const options = { host: '127.0.0.1', port: to, rejectUnauthorized: false, agent: false, ...shown }
      const request = https.get({ ...options, headers: { Host: host } }, response => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', chunk => (text += chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.statusCode === 200 ? JSON.parse(text).headers : {},
            reason: response.headers['otoroshi-error-reason'],
          }),
        )
      })
      request.on('error', reject)
    },
  )
}

async function demand(clientAuth: string): Promise<void> {
  const { json } = await gateway.admin('GET', '/api/globalconfig')
  const tlsSettings = { ...json.tlsSettings, clientAuth }
  const put = await gateway.admin('PUT', '/api/globalconfig', { ...json, tlsSettings })
  assert.equal(put.status, 200, put.text)
}

const route = (id: string, plugins: readonly string[]): Promise<void> =>
  gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins: plugins.map(plugin => ({ plugin: PLUGIN + plugin, config: {} })),
  })

const inLine = ({ cert }: Shown): string => {
  const [, body = ''] = /-----BEGIN CERTIFICATE-----([^-]+)-/.exec(cert.toString()) ?? []
  return `:${body.replace(/\s/g, '')}:`
}

before(async () => {
  const known = filesFor('known', 'ada')
  authority = known.server.ca
  ada = read(known.user)
  stranger = read(filesFor('other', 'mallory').user)
  backend = await startBackend()
  gateway = await startGateway({
    env: {
      OTOROSHI_TLS_CERT_FILE: known.server.cert,
      OTOROSHI_TLS_KEY_FILE: known.server.key,
      OTOROSHI_TLS_CLIENT_CA_FILE: authority,
    },
  })
  port = Number(/https +https:\/\/\S+?:(\d+)/.exec(gateway.output)![1])
  await route('told', ['NgRfc9440ClientCertHeader'])
  await route('keyed', ['NgCertificateAsApikey', 'ApikeyCalls'])
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('certificates of clients', () => {
  it('are not asked for until the global configuration says so', async () => {
    const { status, headers } = await ask('told.test', ada)
    assert.deepEqual([status, headers['client-cert']], [200, undefined])
  })

  it('are told to the backend when they are wanted, and may be left away', async () => {
    await demand('Want')
    const { status, headers } = await ask('told.test', ada)
    assert.deepEqual([status, headers['client-cert']], [200, inLine(ada)])
    const without = await ask('told.test', null)
    assert.deepEqual([without.status, without.headers['client-cert']], [200, undefined])
  })

  it('are told over HTTP/2, too', async () => {
    const session = await openSession(`https://127.0.0.1:${port}`, { ...ada })
    try {
      const { body } = await askOver(session, { ':path': '/', ':authority': 'told.test' })
      assert.equal(JSON.parse(body).headers['client-cert'], inLine(ada))
    } finally {
      session.destroy()
    }
  })

  it('of a stranger end the connection', async () => {
    await assert.rejects(ask('told.test', stranger), /ECONNRESET|socket hang up|EPIPE/)
  })

  it('stand for an API key: made when first seen, refused when it is disabled', async () => {
    assert.equal((await ask('keyed.test', ada)).status, 200)
    assert.deepEqual(await ask('keyed.test', null).then(({ status, reason }) => [status, reason]), [
      400,
      'apikey.missing',
    ])
    const { json } = await gateway.admin('GET', '/api/apikeys')
    const made = json.find(({ clientName }: { clientName: string }) => clientName.includes('ada'))
    assert.ok(made !== undefined, 'no key was made')
    const put = await gateway.admin('PUT', `/apis/apim.otoroshi.io/v1/apikeys/${made.clientId}`, {
      ...made,
      enabled: false,
    })
    assert.equal(put.status, 200, put.text)
    assert.notEqual((await ask('keyed.test', ada)).status, 200)
  })

  it('that are needed: no connection without', async () => {
    await demand('Need')
    assert.equal((await ask('told.test', ada)).status, 200)
    await assert.rejects(ask('told.test', null), /alert|ECONNRESET|socket hang up/)
    await assert.rejects(ask('told.test', stranger), /alert|ECONNRESET|socket hang up/)
    await demand('None')
    assert.equal((await ask('told.test', null)).status, 200)
  })

  it('are the business of a listener where it has its own word', async () => {
    const own = await freePort()
    const created = await gateway.admin('POST', LISTENERS, {
      id: 'own',
      name: 'own',
      config: { port: own, host: '127.0.0.1', tls: true, clientAuth: 'Need' },
    })
    assert.equal(created.status, 201, created.text)
    await until('it listens', () =>
      ask('told.test', ada, own).then(
        ({ status, headers }) => status === 200 && headers['client-cert'] === inLine(ada),
        () => false,
      ),
    )
    await assert.rejects(ask('told.test', null, own), /alert|ECONNRESET|socket hang up/)
    assert.equal((await ask('told.test', null)).status, 200)
  })
})

describe('without authorities', () => {
  const files = (): Record<string, string> => ({
    OTOROSHI_TLS_CERT_FILE: join(folder, 'known/server.crt'),
    OTOROSHI_TLS_KEY_FILE: join(folder, 'known/server.key'),
  })

  it('a gateway that needs certificates does not start, and says why', async () => {
    const { code, output } = await failedStart({
      env: { ...files(), SSL_OUTSIDE_CLIENT_AUTH: 'Need' },
    })
    assert.equal(code, 1)
    assert.match(output, /otoroshi\.tls\.clientCaFile/)
    const unread = await failedStart({
      env: { ...files(), OTOROSHI_TLS_CLIENT_CA_FILE: join(folder, 'known/server.key') },
    })
    assert.equal(unread.code, 1)
    assert.match(unread.output, /has no certificate in PEM/)
  })

  it('the port closes when the global configuration needs them, and its status says so', async () => {
    const other = await startGateway({ threads: 1, env: files() })
    try {
      const secure = Number(/https +https:\/\/\S+?:(\d+)/.exec(other.output)![1])
      const change = async (clientAuth: string): Promise<void> => {
        const { json } = await other.admin('GET', '/api/globalconfig')
        await other.admin('PUT', '/api/globalconfig', { ...json, tlsSettings: { clientAuth } })
      }
      assert.equal((await ask('nobody.test', null, secure)).status, 404)
      await change('Need')
      await assert.rejects(ask('nobody.test', null, secure), /ECONNREFUSED/)
      await until('the fault is told', async () =>
        /clientCaFile/.test((await other.admin('GET', '/api/status')).text),
      )
      await change('Want')
      assert.equal((await ask('nobody.test', null, secure)).status, 404)
      assert.doesNotMatch((await other.admin('GET', '/api/status')).text, /clientCaFile/)
      await change('Need')
      await other.stopKeeping()
      const again = await startGateway({ threads: 1, dataDir: other.dataDir, env: files() })
      try {
        assert.doesNotMatch(again.output, /https +https:/)
        assert.match((await again.admin('GET', '/api/status')).text, /clientCaFile/)
      } finally {
        await again.stop()
      }
    } finally {
      await other.stop()
    }
  })
})
