/** The command of examples/: all use cases at once, one file alone, and what it says when something is wrong. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startExample } from '../support/example.ts'
import { startGateway } from '../support/gateway.ts'
import { call } from '../support/http.ts'

const folder = join(import.meta.dirname, '../../examples')
const cases = readdirSync(folder).filter(name => /^[1-9]-/.test(name))
const start = (...args: string[]) =>
  spawnSync(process.execPath, [join(folder, 'start.js'), ...args], { encoding: 'utf8', timeout: 60_000 })

it('all use cases run at once, and every address that is told answers', async () => {
  const example = await startExample()
  try {
    assert.equal(cases.length, 9)
    for (const name of cases) assert.ok(example.output.includes(`(examples/${name}/README.md)`), name)
    const urls = [...example.output.matchAll(/http:\/\/[a-z]+\.geo\.localhost:\d+[^\s']*/g)].map(
      ([url]) => url,
    )
    assert.ok(urls.length > 12, example.output)
    for (const url of urls) {
      const { status } = await call(example.port, url)
      // Two ask for a key or a password, three lead elsewhere.
      assert.ok([200, 301, 303, 308, 400, 401].includes(status), `${url}: ${status}`)
    }
  } finally {
    await example.stop()
  }
})

describe('the file of each use case', () => {
  for (const name of cases)
    it(`${name} is all a gateway needs`, async () => {
      const gateway = await startGateway({
        threads: 1,
        args: ['--config', join(folder, name, 'gateway.yaml')],
        env: { GEO_SHARED_SECRET: 'of both' },
      })
      try {
        const host = { Host: 'otoroshi-api.geo.localhost' }
        const { json: routes } = await gateway.admin('GET', '/api/routes', undefined, host)
        const ids = (routes as { id: string }[]).map(({ id }) => id)
        const own = ids.filter(id => /^(geo|ferries)-/.test(id))
        assert.ok(own.length > 0, ids.join())
        for (const id of own) {
          const { json } = await gateway.admin('GET', `/api/routes/${id}/_status`, undefined, host)
          assert.deepEqual(
            [json.served, json.healthy, json.faults],
            [true, true, []],
            `${id}: ${JSON.stringify(json)}`,
          )
        }
      } finally {
        await gateway.stop()
      }
    })
})

describe('the command', () => {
  it('says how it is used', () => {
    for (const wrong of ['0', '10', '--port=http', '--nothing=1', 'cors']) {
      const { status, stderr } = start(wrong)
      assert.deepEqual([status, stderr.split(':')[0]], [2, 'usage'], wrong)
    }
  })

  it('ends all of it when a port is taken, and says so', async () => {
    const taken = net.createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const { status, stderr } = start('3', `--app-port=${port}`, '--port=0')
    taken.close()
    assert.equal(status, 1)
    assert.match(stderr, /server\.ts has ended:[\s\S]*EADDRINUSE/)
  })
})
