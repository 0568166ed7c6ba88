// The quick checks: formatting and lint, types, import directions, file sizes. Exits non-zero on any fault.
import { spawnSync } from 'node:child_process'

const steps = [
  ['format and lint', 'biome', ['check', '.']],
  ['types', 'tsc', ['-p', '.']],
  ['import directions', 'node', ['scripts/imports.js']],
  ['file sizes', 'node', ['scripts/sizes.js']],
]
let failed = 0
for (const [name, command, args] of steps) {
  const run = spawnSync(command, args, { encoding: 'utf8' })
  if (run.status !== 0) failed++
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  if (run.status !== 0) console.log(run.stdout + run.stderr)
}
process.exit(failed === 0 ? 0 : 1)
