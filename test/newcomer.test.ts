/** As a new user would: a fresh copy of the project, the README's commands in the README's order, and what it says they print. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { lastingFreePort } from './support/free-port.ts'
import { type FencedBlock, fencedBlocks } from './support/markdown.ts'
import { newcomersEnvironment, printsAs, ShellSession } from './support/shell-session.ts'
import { until } from './support/wait.ts'

const root = join(import.meta.dirname, '..')
/** Everywhere else the packages are those that are there already. */
const install = process.env['CI'] !== undefined
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-newcomer-'))
const blocks = fencedBlocks(readFileSync(join(root, 'README.md'), 'utf8'))
/** Port in the README → free port of this machine. */
const ports = new Map<string, number>()
let env: NodeJS.ProcessEnv = {}
let terminal: ShellSession
let output = ''

const rewritten = (text: string): string =>
  text.replace(/\b(?:8080|300[01])\b/g, port => String(ports.get(port)))
const section = (heading: string): FencedBlock[] => blocks.filter(block => block.heading === heading)

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(port, 'localhost', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

before(async () => {
  for (const port of ['8080', '3000', '3001']) ports.set(port, await lastingFreePort())
  const left = /^(\.git|node_modules|data|\.cache|bench\/out)(\/|$)/
  cpSync(root, folder, { recursive: true, filter: from => !left.test(relative(root, from)) })
  if (!install) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  env = newcomersEnvironment({
    OTOROSHI_HTTP_PORT: String(ports.get('8080')),
    OTOROSHI_THREADS: '2',
  })
  terminal = new ShellSession(folder, env)
})
after(() => {
  terminal.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the README', () => {
  it('starts the gateway with one line', { timeout: 180_000 }, async t => {
    const [command, prints] = section('Run it')
    assert.equal(command!.text, 'npm ci && npm start')
    const line = install ? command!.text : command!.text.replace('npm ci && ', '')
    const gateway = spawn('bash', ['-c', line], { cwd: folder, env, detached: true })
    gateway.stdout.on('data', chunk => (output += chunk))
    gateway.stderr.on('data', chunk => (output += chunk))
    try {
      await until(
        'the gateway is ready',
        () => output.includes('First start') || gateway.exitCode !== null,
        120_000,
      )
      const banner = output.slice(Math.max(0, output.indexOf('Otoroshi 0.')))
      assert.ok(printsAs(banner, rewritten(prints!.text)), output)
      await t.test('and leads to a protected API', followTheSteps)
      await t.test('and Ctrl-C ends it', async () => {
        const ended = once(gateway, 'close')
        process.kill(-gateway.pid!, 'SIGINT')
        await ended
        assert.equal(await listens(ports.get('8080')!), false)
        assert.match(output, /SIGINT: no new requests/)
      })
    } finally {
      try {
        process.kill(-gateway.pid!, 'SIGKILL')
      } catch {} // It has ended.
    }
  })

  it('says how to test, in the words of package.json', () => {
    assert.equal(section('Test it')[0]!.text, 'npm ci && npm test')
  })
})

async function followTheSteps(): Promise<void> {
  const steps = section('A protected API in five minutes')
  const commands = steps.filter(block => block.language === 'sh')
  assert.ok(commands.length >= 7, 'the section lost its commands')
  for (const [i, block] of steps.entries()) {
    if (block.language !== 'sh') continue
    const command = rewritten(block.text)
    const printed = await terminal.type(command)
    if (command.includes('listen('))
      for (const port of ['3000', '3001']) await until('the services listen', () => listens(ports.get(port)!))
    const next = steps[i + 1]
    if (next === undefined || next.language === 'sh') continue
    const said = rewritten(next.text)
    assert.ok(
      printsAs(printed, said),
      `\n${command}\nprinted\n${printed}\nand should print\n${said}\n${terminal.errors}`,
    )
  }
}
