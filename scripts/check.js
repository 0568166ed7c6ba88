// The quick checks: formatting and lint, types, import directions, file sizes, generated docs. Exits non-zero on any fault.
import { spawnSync } from 'node:child_process'

const steps = [
  ['format and lint', 'biome', ['check', '.']],
  ['types', 'tsc', ['-p', '.']],
  ['import directions', 'node', ['scripts/imports.js']],
  ['file sizes', 'node', ['scripts/sizes.js']],
  ['docs of settings', 'node', ['scripts/settings-doc.js', '--check']],
  ['docs of reasons', 'node', ['scripts/reasons-doc.js', '--check']],
  ['docs of plugins', 'node', ['scripts/plugins-doc.js', '--check']],
]
let failed = 0
for (const [name, command, args] of steps) {
  const run = spawnSync(command, args, { encoding: 'utf8' })
  if (run.status !== 0) failed++
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  if (run.status !== 0) console.log(run.stdout + run.stderr)
}
process.exit(failed === 0 ? 0 : 1)
