import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startBackend } from './support/backend.ts'
import { launch, startGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

/** Runs a start that is expected to fail. */
async function failedStart(
  env: Record<string, string>,
  dataDir: string,
): Promise<{ code: number | null; output: string }> {
  const child = launch({ dataDir, env, threads: 1 })
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let output = ''
  child.stdout!.on('data', chunk => (output += chunk))
  child.stderr!.on('data', chunk => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(patience)
  return { code, output }
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'otoroshi-'))

describe('starting', () => {
  it('prints version, ready time, addresses and, the first time only, the login', async () => {
    const dataDir = folder()
    const first = await startGateway({ dataDir, threads: 1 })
    assert.match(first.output, /Otoroshi \d+\.\d+\.\d+, ready in \d+ ms/)
    assert.match(first.output, /admin API +http:\/\/otoroshi-api\.oto\.tools:\d+/)
    assert.match(first.output, /log in as admin@otoroshi\.io with the password [A-Za-z0-9]{32}\n/)
    assert.equal(await first.stop(), 0)
    const second = await startGateway({ dataDir, threads: 1 })
    assert.doesNotMatch(second.output, /password/)
    assert.equal(await second.stop(), 0)
    rmSync(dataDir, { recursive: true })
  })

  it('on a port in use says so in one line and exits 1', async () => {
    const taken = net.createServer().listen(0)
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const dataDir = folder()
    const { code, output } = await failedStart({ OTOROSHI_PORT: String(port) }, dataDir)
    assert.equal(code, 1)
    assert.match(output, new RegExp(`^otoroshi: port ${port} is already in use$`, 'm'))
    assert.doesNotMatch(output, / at .*\.ts:/)
    taken.close()
    rmSync(dataDir, { recursive: true })
  })

  it('on the port of another gateway too', async () => {
    const gateway = await startGateway({ threads: 1 })
    const dataDir = folder()
    const { code, output } = await failedStart({ OTOROSHI_PORT: String(gateway.port) }, dataDir)
    assert.equal(code, 1)
    assert.match(output, /is already in use/)
    await gateway.stop()
    rmSync(dataDir, { recursive: true })
  })

  it('with a data directory that cannot be used says so in one line and exits 1', async () => {
    const parent = folder()
    const file = join(parent, 'file')
    writeFileSync(file, 'not a directory')
    const { code, output } = await failedStart({}, join(file, 'data'))
    assert.equal(code, 1)
    const lines = output.split('\n').filter(line => line.startsWith('otoroshi: '))
    assert.equal(lines.length, 1, output)
    assert.doesNotMatch(output, / at .*\.ts:/)
    rmSync(parent, { recursive: true })
  })

  for (const storage of ['sqlite', 'file'])
    it(`with a data directory that cannot be made says so in one line and exits 1 (${storage})`, {
      skip: !existsSync('/proc/self') && 'there is no /proc',
    }, async () => {
      const { code, output } = await failedStart({ APP_STORAGE: storage }, '/proc/x/data')
      assert.equal(code, 1)
      assert.match(
        output,
        /^otoroshi: the data file \/proc\/x\/data\/\S+ cannot be opened: .*mkdir '\/proc\/x'$/m,
      )
      assert.equal(output.match(/^otoroshi: /gm)!.length, 1, output)
      assert.doesNotMatch(output, / at .*\.ts:/)
    })

  it('with a data directory that may not be read says so', {
    skip: process.getuid?.() === 0 && 'root may read everything',
  }, async () => {
    const dataDir = folder()
    chmodSync(dataDir, 0o000)
    const { code, output } = await failedStart({}, dataDir)
    assert.equal(code, 1)
    assert.match(output, /^otoroshi: /m)
    chmodSync(dataDir, 0o700)
    rmSync(dataDir, { recursive: true })
  })

  it('with settings that are wrong names each', async () => {
    const dataDir = folder()
    const { code, output } = await failedStart({ OTOROSHI_PORT: 'http', OTOROSHI_THREADS: '-1' }, dataDir)
    assert.equal(code, 1)
    assert.match(output, /OTOROSHI_PORT/)
    assert.match(output, /OTOROSHI_THREADS/)
    rmSync(dataDir, { recursive: true })
  })

  it('on the data directory of a running gateway is refused', async () => {
    const gateway = await startGateway({ threads: 1 })
    const { code, output } = await failedStart({}, gateway.dataDir)
    assert.equal(code, 1)
    assert.match(output, /in use|locked/)
    await gateway.stop()
  })
})

describe('ending', () => {
  it('with SIGTERM finishes what runs, accepts nothing new and exits 0', async () => {
    let answer = (): void => {}
    const backend = await startBackend((_request, response) => {
      answer = () => response.end('late')
    })
    const gateway = await startGateway({ threads: 2 })
    await gateway.route({
      id: 'slow',
      name: 'slow',
      frontend: { domains: ['slow.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    const running = call(gateway.port, 'http://slow.test/')
    while (backend.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    const ended = gateway.stop('SIGTERM')
    const refused = () =>
      call(gateway.port, 'http://nobody.test/').then(
        () => false,
        error => /ECONNREFUSED|ECONNRESET/.test(String(error)),
      )
    await until('nothing new is accepted', refused)
    answer()
    assert.equal((await running).body, 'late')
    assert.equal(await ended, 0)
    await backend.close()
  })

  it('waits no longer than the limit', async () => {
    const backend = await startBackend(() => {})
    const gateway = await startGateway({ threads: 1, env: { OTOROSHI_DRAIN_TIMEOUT: '300' } })
    await gateway.route({
      id: 'never',
      name: 'never',
      frontend: { domains: ['never.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    const running = call(gateway.port, 'http://never.test/').catch(() => null)
    while (backend.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    const start = performance.now()
    assert.equal(await gateway.stop(), 0)
    assert.ok(performance.now() - start < 5000)
    await running
    await backend.close()
  })

  it('with SIGINT twice ends at once', async () => {
    const backend = await startBackend(() => {})
    const gateway = await startGateway({ threads: 1 })
    await gateway.route({
      id: 'never',
      name: 'never',
      frontend: { domains: ['never.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    const running = call(gateway.port, 'http://never.test/').catch(() => null)
    while (backend.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    const start = performance.now()
    const ended = once(gateway.child, 'exit')
    gateway.child.kill('SIGINT')
    await new Promise(resolve => setTimeout(resolve, 200))
    gateway.child.kill('SIGINT')
    const [code] = await ended
    assert.equal(code, 130)
    assert.ok(performance.now() - start < 3000)
    await running
    await backend.close()
    rmSync(gateway.dataDir, { recursive: true, force: true })
  })
})
