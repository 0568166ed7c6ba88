/** What docs/plugins.md and docs/admin-api.md tell the reader to write and to type, done. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import WebSocket from 'ws'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { fencedBlocks } from './support/markdown.ts'
import { ShellSession } from './support/shell-session.ts'
import { until } from './support/wait.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-docs-'))
const blocksOf = (file: string) => fencedBlocks(readFileSync(join(root, file), 'utf8'))
const plugins = blocksOf('docs/plugins.md')
/** Files by the name in their first line. */
const files = new Map(
  plugins
    .filter(block => block.language === 'ts')
    .map(({ text }) => [/^\/\/ (\S+)\n/.exec(text)?.[1] ?? '', `${text}\n`]),
)
const write = (text: string): void => writeFileSync(join(folder, 'require-team.ts'), text)
let gateway: TestGateway
let backend: Backend

function run(command: string, ...args: string[]): string {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const done = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' })
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout
}

before(async () => {
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  run('npm', 'install', '--offline', '--no-audit', '--no-fund', root)
  backend = await startBackend()
  gateway = await startGateway({ args: ['--plugins', folder] })
})
after(async () => {
  await gateway.stop()
  await backend.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the plugin of docs/plugins.md', () => {
  it('passes its own test', () => {
    const printed = run(process.execPath, '--test', '--test-reporter=tap', 'require-team.test.ts')
    assert.match(printed, /^# pass 3$/m)
  })

  it('has types', () => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--skipLibCheck']
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    const syntax = ['--allowImportingTsExtensions', '--erasableSyntaxOnly', '--noUncheckedIndexedAccess']
    const tsc = join(root, 'node_modules/.bin/tsc')
    run(tsc, '--ignoreConfig', ...options, ...types, ...syntax, ...files.keys())
  })

  it('guards a route with the settings shown', async () => {
    const settings = plugins.find(block => block.language === 'json')!.text
    const route = (id: string) => ({
      id,
      name: id,
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    await gateway.route({ ...route('team'), ...JSON.parse(`{${settings}}`) })
    await gateway.route(route('plain'))
    const passed = await call(gateway.port, 'http://team.test/', { headers: { 'X-Team': 'blue' } })
    assert.deepEqual([passed.status, passed.json.headers['x-consumer-team']], [200, 'blue'])
    const refused = await call(gateway.port, 'http://team.test/')
    assert.deepEqual(
      [refused.status, refused.headers['otoroshi-error-reason'], refused.headers['otoroshi-error-msg']],
      [403, 'plugin.refused', 'Which team are you?'],
    )
  })

  it('has a companion that answers WebSockets', async () => {
    await gateway.route({
      id: 'clock',
      name: 'clock',
      frontend: { domains: ['clock.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [{ plugin: 'own.Clock', config: { every: 10 } }],
    })
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/clock`, { headers: { Host: 'clock.test' } })
    const said: string[] = []
    socket.on('message', data => said.push(String(data)))
    await once(socket, 'open')
    socket.send('hello')
    await until('it answers', () => said.includes('you said hello'))
    await until('it tells the time', () => said.some(text => !Number.isNaN(Date.parse(text))))
    socket.terminate()
    assert.equal((await call(gateway.port, 'http://clock.test/')).status, 200)
  })

  it('changes when its file is saved, closes its route when the file is broken, and no other', async () => {
    const text = files.get('require-team.ts')!
    const message = async (): Promise<unknown> =>
      (await call(gateway.port, 'http://team.test/')).headers['otoroshi-error-msg']
    write(text.replace('Which team are you?', 'Who?'))
    await until('the new version answers', async () => (await message()) === 'Who?')
    write(text.replace('setup(', 'setup(('))
    const reason = async () =>
      (await call(gateway.port, 'http://team.test/')).headers['otoroshi-error-reason']
    await until('the route is closed', async () => String(await reason()).startsWith('plugin.setup_failed'))
    assert.equal(await reason(), 'plugin.setup_failed; plugin="own.RequireTeam"')
    assert.equal((await call(gateway.port, 'http://plain.test/')).status, 200)
    const status = await gateway.admin('GET', '/api/routes/team/_status')
    assert.match(status.text, /plugin\.setup_failed/)
  })
})

describe('the examples of docs/admin-api.md', () => {
  it('do what they say', async () => {
    const shell = new ShellSession(folder, process.env)
    const blocks = blocksOf('docs/admin-api.md').filter(block => block.language === 'sh')
    const type = async (i: number): Promise<Record<string, unknown>> => {
      const block = blocks[i]!.text.replaceAll('8080', String(gateway.port))
      const printed = await shell.type(block.replace('"port": 3000', `"port": ${backend.port}`))
      return JSON.parse(printed) as Record<string, unknown>
    }
    try {
      assert.equal(blocks.length, 4)
      assert.ok(Array.isArray(await type(0)))
      const made = await type(1)
      assert.deepEqual([made['id'], made['name'], made['kind']], ['shop', 'Shop', 'proxy.otoroshi.io/Route'])
      const planned = await type(2)
      assert.deepEqual([planned['dry_run'], planned['would']], [true, 'update'])
      assert.equal((await gateway.admin('GET', '/api/routes/shop')).json.backend.root, '/')
      assert.equal((await type(3))['id'], 'shop')
    } finally {
      shell.close()
    }
  })
})

describe('what docs/admin-api.md says of access', () => {
  it('holds: another domain has another host, and the API can be closed', async () => {
    const elsewhere = await startGateway({ args: ['--domain', 'localhost'], threads: 1 })
    const closed = await startGateway({ args: ['--set', 'otoroshi.adminapi.exposed=false'], threads: 1 })
    try {
      const headers = { Host: 'otoroshi-api.localhost' }
      const there = await elsewhere.admin('GET', '/api/version', undefined, headers)
      assert.equal(there.status, 200)
      assert.equal((await elsewhere.admin('GET', '/api/version')).status, 404)
      assert.ok((await closed.admin('GET', '/api/version')).status >= 400)
    } finally {
      await elsewhere.stop()
      await closed.stop()
    }
  })
})
