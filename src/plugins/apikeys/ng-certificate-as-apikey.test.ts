import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { ApikeyView } from '../../identity/apikey.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-certificate-as-apikey.ts'

function certificate(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'client-certificate-'))
  try {
    const out = join(folder, 'cert.pem')
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/O=Shop/CN=ada',
        '-set_serial',
        '4711',
        '-keyout',
        join(folder, 'key.pem'),
        '-out',
        out,
      ],
      { stdio: 'pipe' },
    )
    return new X509Certificate(readFileSync(out)).raw
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const der = certificate()
const CLIENT_ID = Buffer.from('O=Shop, CN=ada-4711').toString('base64')

const facts = (clientVerified: boolean, chain: Buffer[]) => ({
  protocol: 'TLSv1.3',
  cipher: '',
  serverName: '',
  clientVerified,
  clientChain: () => chain,
})

interface Call {
  readonly config?: object
  readonly verified?: boolean
  readonly chain?: Buffer[]
  readonly keys?: ApikeyView[]
  readonly method?: string
  readonly create?: (key: Readonly<Record<string, unknown>>) => Promise<ApikeyView>
}

function call({ config = {}, verified = true, chain = [der], keys = [], method = 'GET', create }: Call) {
  const store = [...keys]
  return runPlugin(plugin, {
    config,
    services: {
      apikeys: {
        find: id => store.find(key => key.clientId === id) ?? null,
        create:
          create ??
          (async key => {
            const made = apikey(key)
            store.push(made)
            return made
          }),
      },
    },
    request: {
      method,
      tls: facts(verified, chain),
    },
  })
}

const existing = (more: object = {}) =>
  apikey({ clientId: CLIENT_ID, clientSecret: 's', authorizedEntities: ['route_route_test'], ...more })

describe('a client certificate', () => {
  it('stands for a key that is made from it', async () => {
    const config = { read_only: true, tags: ['mtls'], metadata: { a: 'b' }, daily_quota: 5 }
    const run = await call({ config })
    assert.equal(run.status, 200)
    const key = run.attributes.get(apikeyAttribute)!
    assert.equal(key.clientId, CLIENT_ID)
    assert.equal(key.clientName, 'O=Shop, CN=ada (4711)')
    assert.ok(key.grantedOn('route', 'route_test'))
    assert.ok(key.readOnly)
    assert.deepEqual([key.tags, key.metadata], [['mtls'], { a: 'b' }])
    assert.equal(key.json.throttlingQuota, 100)
    assert.equal(key.json.dailyQuota, 5)
    assert.equal(key.validUntil, new X509Certificate(der).validToDate.getTime())
    assert.equal(key.clientSecret.length, 128)
  })

  it('stands for nothing unless an authority of the listener has signed it', async () => {
    for (const input of [{ verified: false }, { chain: [] }]) {
      const run = await call(input)
      assert.equal(run.status, 200)
      assert.equal(run.attributes.get(apikeyAttribute), undefined)
    }
    assert.equal(
      (await call({ chain: [Buffer.from('no certificate')] })).attributes.get(apikeyAttribute),
      undefined,
    )
  })

  it('stands for the key that is there, as long as that is good here', async () => {
    const run = await call({ keys: [existing({ clientName: 'Mine' })] })
    assert.equal(run.attributes.get(apikeyAttribute)?.clientName, 'Mine')
    const second = await call({ keys: [existing({ authorizedEntities: ['route_first'] })] })
    assert.equal(second.attributes.get(apikeyAttribute)?.clientId, CLIENT_ID, 'on a second route, too')
    const reason = async (more: object, method = 'GET') => {
      const { refusal, attributes } = await call({ keys: [existing(more)], method })
      assert.equal(attributes.get(apikeyAttribute), undefined)
      return refusal?.reason
    }
    assert.equal(await reason({ enabled: false }), 'apikey.bad')
    assert.equal(await reason({ validUntil: 1 }), 'apikey.bad')
    assert.equal(await reason({ readOnly: true }, 'POST'), 'method_not_allowed')
  })

  it('needs no store to be let in, and does not ask it again at once', async () => {
    let asked = 0
    const create = () => {
      asked++
      return Promise.reject(new Error('the store is away'))
    }
    const apikeys = { find: () => null, create }
    const log: { level: string; message: string }[] = []
    const instance = setUp(plugin, { read_only: true }, pluginServices(routeView(), [], log, { apikeys }))
    const again = (method: string) =>
      runPlugin({ ...plugin, setup: () => instance }, { request: { method, tls: facts(true, [der]) } })
    for (let i = 0; i < 3; i++)
      assert.equal((await again('GET')).attributes.get(apikeyAttribute)?.clientId, CLIENT_ID)
    assert.equal((await again('POST')).status, 405)
    assert.equal(asked, 1)
    assert.match(log[0]!.message, /the store is away/)
  })
})
