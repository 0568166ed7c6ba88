/** Expressions in the settings of routes, through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

const GLOBAL = '/api/globalconfig'
const secrets = {
  OTOROSHI_SECRET: 'hush-master',
  OTOROSHI_ADMIN_API_CLIENT_SECRET: 'admin-api-apikey-secret',
  OTOROSHI_CLAIM_SHAREDKEY: 'hush-shared',
  OTOROSHI_INITIAL_ADMIN_PASSWORD: 'hush-admin',
  OTOROSHI_HEALTH_ACCESS_KEY: 'hush-health',
  OTOROSHI_PG_PASSWORD: 'hush-store',
}
const env = { ...secrets, COPY_OF_IT: 'hush-master', OF_MINE: 'mine' }

let gateway: TestGateway
let closed: TestGateway
let backend: Backend

before(async () => {
  backend = await startBackend()
  gateway = await startGateway({ threads: 2, env })
  closed = await startGateway({
    threads: 1,
    env: { OF_MINE: 'mine', OTOROSHI_EL_SETTINGS_ALLOW_ENV_ACCESS: 'false' },
    args: ['--set', 'otoroshi.elSettings.allowConfigAccess=false'],
  })
})
after(async () => {
  await gateway.stop()
  await closed.stop()
  await backend.close()
})

let count = 0
/** What the expression becomes on its way to the backend. */
async function evaluated(text: string, on = gateway, headers: Record<string, string> = {}): Promise<string> {
  const id = `e${count++}`
  await on.route({
    id,
    name: 'Expressions',
    metadata: { team: 'red' },
    frontend: { domains: [`${id}.test/users/:user`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins: [
      { plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn', config: { headers: { 'X-Value': text } } },
    ],
  })
  const got = await call(on.port, `http://${id}.test/users/ann?q=1`, { headers })
  assert.equal(got.status, 200, got.body)
  return got.json.headers['x-value']
}

describe('an expression', () => {
  it('sees the request and the route', async () => {
    const text =
      '${req.pathparams.user} ${req.query.q} ${route.name} ${route.metadata.team} ${req.headers.nope:none}'
    assert.equal(await evaluated(text), 'ann 1 Expressions red none')
    assert.match(
      await evaluated('${ctx.requestId} ${ctx.requestTimestamp}'),
      /^\d+ \d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/,
    )
  })

  it('is never made of what a client sends', async () => {
    for (const evil of ['${env.OF_MINE}', '${config.http.port}', '${req.headers.x-evil}'])
      assert.equal(await evaluated('<${req.headers.x-evil}>', gateway, { 'X-Evil': evil }), `<${evil}>`)
  })

  it('reads the environment and the settings', async () => {
    assert.equal(await evaluated('${env.OF_MINE} ${env.NO} ${env.NO:d}'), 'mine no-env-var-NO d')
    assert.equal(
      await evaluated('${config.otoroshi.domain} ${config.app.domain} ${config.no:d}'),
      'oto.tools oto.tools d',
    )
  })

  it('reads no secret of the gateway, by whatever way', async () => {
    for (const name of [
      ...Object.keys(secrets),
      'COPY_OF_IT',
      'ADMIN_API_SECRET',
      'OTOROSHI_ADMIN_API_SECRET',
    ])
      assert.equal(await evaluated(`\${env.${name}}`), `no-env-var-${name}`)
    for (const key of [
      'otoroshi.secret',
      'app.secret',
      'otoroshi.admin-api-secret',
      'app.adminapi.defaultValues.backOfficeApiKeyClientSecret',
      'otoroshi.claim.sharedKey',
      'app.claim.sharedKey',
      'otoroshi.adminPassword',
      'app.health.accessKey',
      'app.pg.password',
      'otoroshi.redis.lettuce.uri',
      'play.http.secret.key',
      '__proto__',
      'constructor',
    ])
      assert.equal(await evaluated(`\${config.${key}}`), `no-config-${key}`)
  })

  it('reads the global configuration as it is now', async () => {
    const text = '${global_config.metadata.stage}-${global_config.env.a.b}'
    const { json } = await gateway.admin('GET', GLOBAL)
    const set = async (stage: string) => {
      const changed = { ...json, metadata: { stage }, env: { a: { b: 7 } } }
      assert.equal((await gateway.admin('PUT', GLOBAL, changed)).status, 200)
    }
    await set('one')
    assert.equal(await evaluated(text), 'one-7')
    const id = `e${count - 1}`
    await set('two')
    const got = await call(gateway.port, `http://${id}.test/users/ann`)
    assert.equal(got.json.headers['x-value'], 'two-7')
  })

  it('that needs a vault closes its route and says so, unless it has something else', async () => {
    assert.equal(await evaluated('${vault://local/x || env.OF_MINE}'), 'mine')
    await gateway.route({
      id: 'vaulted',
      name: 'vaulted',
      frontend: { domains: ['vaulted.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [
        {
          plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn',
          config: { headers: { Authorization: 'Bearer ${vault://local/token}' } },
        },
      ],
    })
    const got = await call(gateway.port, 'http://vaulted.test/')
    assert.equal(got.status, 503)
    assert.match(String(got.headers['otoroshi-error-reason']), /^plugin\.setup_failed/)
    assert.match(
      (await gateway.admin('GET', '/api/routes/vaulted/_status')).text,
      /this version knows no vaults/,
    )
  })
})

describe('the environment and the settings', () => {
  it('are closed where the settings say so', async () => {
    assert.equal(await evaluated('${env.OF_MINE} ${env.OF_MINE:d}', closed), 'bad-expr bad-expr')
    assert.equal(await evaluated('${config.otoroshi.domain:d}', closed), 'bad-expr')
    assert.equal(await evaluated('${req.method}', closed), 'GET')
  })
})
