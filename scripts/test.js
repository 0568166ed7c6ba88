// The whole truth: quick checks, unit tests beside the code, whole-process tests. Arguments narrow the run to files.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ensurePrograms, testPrograms } from './packages.js'

/** Tests that judge by the clock: nothing else runs beside them. */
const alone = join('test', 'alone')
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
const isAlone = file => relative(process.cwd(), file).startsWith(alone)
const runs = [
  { files: files.filter(file => !isAlone(file)), concurrency: 2 },
  { files: files.filter(isAlone), concurrency: 1 },
].filter(run => run.files.length > 0)

const notes = mkdtempSync(join(tmpdir(), 'totals-'))
const results = runs.map(run)
if (results.length > 1) report(results)
rmSync(notes, { recursive: true })
process.exit(results.every(({ status }) => status === 0) ? 0 : 1)

function run({ files, concurrency }, index) {
  const note = join(notes, `${index}.json`)
  const { status } = spawnSync(
    'node',
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'totals.js')}`,
      `--test-reporter-destination=${note}`,
      ...files,
    ],
    { stdio: 'inherit' },
  )
  try {
    return { status, ...JSON.parse(readFileSync(note, 'utf8')) }
  } catch {
    return {
      status: 1,
      counts: {},
      milliseconds: 0,
      failed: [`${files.length} files: the run ended before its totals`],
    }
  }
}

/** As the runner prints its own, of all runs together. */
function report(results) {
  const failed = results.flatMap(result => result.failed)
  console.log(failed.length === 0 ? '\nall runs together' : `\nall runs together, failed:`)
  for (const test of failed) console.log(`✖ ${test}`)
  const sum = name => results.reduce((all, { counts }) => all + (counts[name] ?? 0), 0)
  const rows = {
    tests: sum('tests'),
    suites: sum('suites'),
    pass: sum('passed'),
    fail: sum('failed'),
    cancelled: sum('cancelled'),
    skipped: sum('skipped'),
    todo: sum('todo'),
    duration_ms: results.reduce((all, { milliseconds }) => all + milliseconds, 0),
  }
  for (const [name, value] of Object.entries(rows)) console.log(`ℹ ${name} ${value}`)
}
