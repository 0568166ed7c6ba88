// The whole truth: quick checks, unit tests beside the code, whole-process tests. Arguments narrow the run to files.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrograms, testPrograms } from './packages.js'

const only = process.argv.slice(2)
const find = dir =>
  readdirSync(dir, { recursive: true })
    .filter(f => f.endsWith('.test.ts'))
    .map(f => join(dir, f))
    .sort()
if (only.length === 0 && spawnSync('node', ['scripts/check.js'], { stdio: 'inherit' }).status !== 0)
  process.exit(1)
const missing = ensurePrograms(testPrograms)
if (missing.length > 0) console.log(`not here, their tests are skipped by name: ${missing.join(', ')}`)
const files = only.length > 0 ? only : [...find('src'), ...find('test')]
const run = spawnSync('node', ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files], {
  stdio: 'inherit',
})
process.exit(run.status ?? 1)
