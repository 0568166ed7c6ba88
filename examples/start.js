// Starts the geographic application and a gateway in front of it: `node examples/start.js 3` for one use case, without a number for all.
// `--port=9080` and `--app-port=4000` move the gateway from 8080 and everything else from 3000, 3001, …
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCases } from './cases.js'

const OLDEST = 24
const node = packagedNode()
const { numbers, port, appPort } = readArguments(process.argv.slice(2))
const move = text =>
  text.replace(/\b(8080|300\d)\b/g, number =>
    String(number === '8080' ? port : appPort + Number(number) - 3000),
  )
const { cases, settings } = readCases(numbers, move)
const folder = mkdtempSync(join(tmpdir(), 'geo-'))
const children = []
let ending = false

process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// A terminal sends Ctrl-C to all of them.
process.on('SIGINT', () => end(0, !process.stdin.isTTY))
process.on('SIGTERM', () => end(0, true))

const environment = {
  ...process.env,
  // What the members' page and its route have in common, and what the gateway signs with: known to nobody.
  GEO_SHARED_SECRET: randomBytes(32).toString('hex'),
  OTOROSHI_SECRET: randomBytes(32).toString('hex'),
  OTOROSHI_DATA_DIR: folder,
  OTOROSHI_INITIAL_ADMIN_PASSWORD: randomBytes(16).toString('hex'),
}
writeFileSync(join(folder, 'gateway.json'), JSON.stringify(settings))
const programs = [['geo', 'server.ts', String(appPort)]]
for (const { name, programs: more } of cases)
  for (const { file, port: at } of more) programs.push([name, file, move(String(at))])
await Promise.all(
  programs.map(([name, file, at]) =>
    run([join(import.meta.dirname, name, file), at, String(port)], / listens on /),
  ),
)
await run(
  [
    join(import.meta.dirname, '../bin/otoroshi'),
    'start',
    `--config=${join(folder, 'gateway.json')}`,
    `--http-port=${port}`,
    '--https-port=0',
  ],
  /ready in/,
)
for (const { title, name, urls } of cases) {
  console.log(`\n${title} (examples/${name}/README.md)`)
  for (const url of urls) console.log(`  ${move(url)}`)
}
console.log('\nCtrl-C ends it.')

/** Starts a program and waits until it has printed that it is there. */
function run(args, ready) {
  return new Promise(resolve => {
    const child = spawn(node, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const read = chunk => {
      output = (output + chunk).slice(-20_000)
      if (ready.test(output)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', () => {
      children.splice(children.indexOf(child), 1)
      if (!ending) {
        console.error(`${args[0]} has ended:\n${output}`)
        end(1, true)
      } else if (children.length === 0) process.exit()
    })
    children.push(child)
  })
}

function end(code, signal) {
  if (ending) return
  ending = true
  process.exitCode = code
  if (children.length === 0) process.exit()
  if (signal) for (const child of children) child.kill('SIGTERM')
}

function readArguments(args) {
  const flags = new Map([
    ['--port', 8080],
    ['--app-port', 3000],
  ])
  const numbers = []
  for (const argument of args) {
    const [name, value] = argument.split('=')
    if (flags.has(name) && /^\d+$/.test(value ?? '')) flags.set(name, Number(value))
    else if (/^[1-9]$/.test(argument)) numbers.push(argument)
    else {
      console.error('usage: node examples/start.js [1-9 …] [--port=8080] [--app-port=3000]')
      process.exit(2)
    }
  }
  return { numbers, port: flags.get('--port'), appPort: flags.get('--app-port') }
}

/** This Node, or where it is too old, the one that is packaged with the gateway. */
function packagedNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST) return process.execPath
  const packaged = join(import.meta.dirname, '../node_modules/.bin/node')
  if (existsSync(packaged)) return packaged
  console.error(`Node ${OLDEST} or newer is needed, or the one that comes with npm ci`)
  process.exit(1)
}
